package main

import (
	"context"
	"os"

	awssns "github.com/aws/aws-sdk-go-v2/service/sns"

	"weir/internal/notify"
	"weir/internal/notify/sns"
	"weir/internal/source/s3"
)

// openNotifier makes the channel of an entry of the setting notify, with its secrets.
func openNotifier(ctx context.Context, a *app, c channelSettings) (notify.Notifier, error) {
	url, err := c.secret(c.URLEnv, c.URLFile, a.settings.file)
	if err != nil {
		return nil, err
	}
	if url == "" {
		url = c.URL
	}
	secret, err := c.secret(c.SecretEnv, c.SecretFile, a.settings.file)
	if err != nil {
		return nil, err
	}
	switch c.Type {
	case "webhook":
		return &notify.Webhook{ChannelName: c.Name, URL: url, Secret: secret, Clock: notify.System{}}, nil
	case "slack":
		return &notify.Slack{ChannelName: c.Name, URL: url, Clock: notify.System{}}, nil
	case "smtp":
		return &notify.SMTP{ChannelName: c.Name, Server: c.Server, TLS: c.TLS, User: c.User, Password: secret, From: c.From, To: c.To, Clock: notify.System{}}, nil
	case "command":
		// Its environment is what the entry names, and what a program needs to find others.
		var env []string
		for _, name := range append([]string{"PATH", "HOME", "LANG", "TMPDIR"}, c.Env...) {
			if v, ok := os.LookupEnv(name); ok {
				env = append(env, name+"="+v)
			}
		}
		return &notify.Command{ChannelName: c.Name, Argv: c.Command, Env: env, Timeout: c.Timeout}, nil
	case "sns":
		cfg, err := s3.LoadConfig(ctx, a.awsOptions())
		if err != nil {
			return nil, err
		}
		return sns.New(c.Name, c.Topic, c.Raw, awssns.NewFromConfig(cfg))
	}
	panic("BUG: no channel of type " + c.Type)
}

// openChannels makes all channels, for notify.Dispatch.
func openChannels(ctx context.Context, a *app) (out []notify.Channel, err error) {
	for _, c := range a.settings.Notify {
		n, err := openNotifier(ctx, a, c)
		if err != nil {
			return nil, err
		}
		out = append(out, notify.Channel{Notifier: n, MinSeverity: c.MinSeverity, Digest: c.Digest, Rules: c.Rules, Accounts: c.Accounts, Singles: c.Singles})
	}
	return out, nil
}
