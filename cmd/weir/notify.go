package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/internal/finding"
	"weir/internal/notify"
)

func newNotifyCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "notify",
		Short: "Show who is told of findings, and when they last were",
		Long: `Lists the channels of the setting notify: what each is told at once, how often it gets the rest, and the last attempt to
tell it. Channels are in the settings file only; docs/notify.md has their keys.`,
		Example: "  weir notify\n  weir notify test\n  weir notify test ops",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			last := map[string]finding.Delivery{}
			err = a.withFindings(cmd.Context(), readFindings, func(s finding.Store) (err error) {
				last, err = s.LastDeliveries(cmd.Context())
				return err
			})
			if err != nil && !errors.Is(err, finding.ErrNoStore) {
				return err
			}
			l := list{columns: []string{"channel", "type", "at_once", "digest", "last", "status", "error"}}
			for _, c := range a.settings.Notify {
				least := c.MinSeverity
				if least == "" {
					least = notify.DefaultSeverity
				}
				var digest, at, status, text any
				if c.Digest > 0 {
					digest = c.Digest.String()
				}
				if d, ok := last[c.Name]; ok {
					at, status, text = d.At.Format(time.RFC3339), d.Status, nullIfEmpty(d.Error)
				}
				l.add(c.Name, c.Type, least, digest, at, status, text)
			}
			if len(a.settings.Notify) == 0 {
				fmt.Fprintln(a.stderr, "no channels: nobody is told of findings. The setting notify has them, see docs/notify.md")
			}
			return l.write(a.stdout, format)
		},
	}
	cmd.AddCommand(newNotifySendCmd(a), newNotifyTestCmd(a))
	return cmd
}

func newNotifyTestCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "test [NAME]",
		Short:   "Send a notice that says it is a test",
		Long:    "Sends a notice that says that it is a test to the channel NAME, or to all. Exit status 2 says that one did not take it.",
		Example: "  weir notify test\n  weir notify test ops",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var names []string
			for _, c := range a.settings.Notify {
				names = append(names, c.Name)
			}
			if len(names) == 0 {
				return errors.New("test channels: there are none in the setting notify")
			}
			var errs []error
			found := false
			for _, c := range a.settings.Notify {
				if len(args) == 1 && args[0] != c.Name {
					continue
				}
				found = true
				n, err := openNotifier(cmd.Context(), a, c)
				if err == nil {
					if err = n.Send(cmd.Context(), notify.Test(time.Now())); err != nil {
						err = fmt.Errorf("notify %s: %w", c.Name, err)
					}
				}
				if err != nil {
					errs = append(errs, err)
					continue
				}
				fmt.Fprintf(a.stderr, "%s took it\n", c.Name)
			}
			if !found {
				return fmt.Errorf("test channel: none is called %q%s; there are %s", args[0], didYouMean(args[0], names), strings.Join(names, ", "))
			}
			return errors.Join(errs...)
		},
	}
}

func newNotifySendCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "send",
		Short: "Tell the channels what waits for them",
		Long: `Tells each channel what it was not told yet and should be by now. What arrived is not sent again; what did not is tried
again by the next run. Exit status 2 says that a channel did not take something.`,
		Example: "  weir notify send",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			channels, err := openChannels(cmd.Context(), a)
			if err != nil {
				return err
			}
			return a.withFindings(cmd.Context(), changeFindings, func(s finding.Store) error {
				sum, err := notify.Dispatch(cmd.Context(), s, channels, time.Now())
				if !a.quiet {
					fmt.Fprintf(a.stderr, "%s sent about %s, %d wait for a digest, %d not asked for, %d failed\n", counted(sum.Sent, "notice"), counted(sum.Told, "change"), sum.Waiting, sum.Dropped, sum.Failed)
				}
				return err
			})
		},
	}
}
