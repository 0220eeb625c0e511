package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"weir/internal/report"
)

// Command is a channel that runs a program, without a shell, with the notice's JSON on its standard input.
type Command struct {
	ChannelName string
	Argv        []string
	Env         []string      // all of its environment: the caller leaves out secrets that are not the program's business
	Timeout     time.Duration // 0: commandTime
}

const commandTime = 30 * time.Second

// Name is the channel's.
func (c *Command) Name() string { return c.ChannelName }

// Send runs the program. Whoever wants it tried again does so in the next run: a program that failed may have done half.
func (c *Command) Send(ctx context.Context, n Notice) error {
	body, err := n.JSON()
	if err != nil {
		return err
	}
	if len(c.Argv) == 0 {
		return errors.New("run command: there is none")
	}
	limit := c.Timeout
	if limit <= 0 {
		limit = commandTime
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Stdin = bytes.NewReader(append(body, '\n'))
	cmd.Env = append([]string{}, c.Env...) // not nil: that would be all of ours
	cmd.Env = append(cmd.Env, "WEIR_NOTICE_KEY="+line(n.Key, 200), "WEIR_NOTICE_KIND="+line(n.Kind, 20), "WEIR_NOTICE_SEVERITY="+line(n.Severity(), 20))
	said := &tail{}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.WaitDelay = time.Second // a grandchild that keeps the pipes open must not keep us
	err = cmd.Run()
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return fmt.Errorf("run command %s: not done after %s", c.Argv[0], limit)
	case err != nil:
		if s := strings.TrimSpace(said.String()); s != "" {
			return fmt.Errorf("run command %s: %w: %s", c.Argv[0], err, line(s, 300))
		}
		return fmt.Errorf("run command %s: %w", c.Argv[0], err)
	}
	return nil
}

// tail keeps the last of what a program says, in bounded memory.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if over := len(t.b) - 1024; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return report.Visible(string(t.b), "\n") }
