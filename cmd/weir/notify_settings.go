package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"weir/internal/finding"
)

// channelSettings is one entry of the list notify of the settings file. Secrets are never in it: they are in an
// environment variable or a file that it names.
type channelSettings struct {
	Name, Type, MinSeverity string
	Digest, Timeout         time.Duration
	Singles                 int
	Rules, Accounts         []string
	URL, URLEnv, URLFile    string // webhook; slack has no url, for it is a secret
	SecretEnv, SecretFile   string // webhook: signs; smtp: the password
	Topic                   string // sns
	Raw                     bool   // sns: JSON instead of text
	Server, TLS, User, From string // smtp
	To                      []string
	Command, Env            []string // command, with the names of variables that it gets
	where                   string   // file:line
}

// channelTypes has the keys of each kind of channel that it must have ("!" at the end) or may have, beside those of all.
var channelTypes = map[string][]string{
	"webhook": {"url", "url_env", "url_file", "secret_env", "secret_file"},
	"slack":   {"url_env", "url_file"},
	"smtp":    {"server!", "tls", "user", "secret_env", "secret_file", "from!", "to!"},
	"sns":     {"topic!", "raw"},
	"command": {"command!", "env", "timeout"},
}

var channelKeys = []string{"name", "type", "min_severity", "digest", "singles", "rules", "accounts"}

func channelTypeNames() []string { return []string{"webhook", "slack", "smtp", "sns", "command"} }

var channelName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,40}$`)

// parseChannels reads the list. Its errors have no values: one may be a secret that was put where it should not be.
func parseChannels(file string, n *yaml.Node) (out []channelSettings, err error) {
	where := func(n *yaml.Node) string { return fmt.Sprintf("%s:%d", file, n.Line) }
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("%s: notify must be a list of channels", where(n))
	}
	for _, item := range n.Content {
		if item.Kind != yaml.MappingNode {
			return nil, fmt.Errorf("%s: notify: a channel must be keys with values", where(item))
		}
		c := channelSettings{where: where(item)}
		values := map[string]*yaml.Node{}
		for i := 0; i+1 < len(item.Content); i += 2 {
			k, v := item.Content[i], item.Content[i+1]
			if values[k.Value] != nil {
				return nil, fmt.Errorf("%s: notify: %q is given twice", where(k), k.Value)
			}
			values[k.Value] = v
		}
		if t := values["type"]; t != nil {
			c.Type = t.Value
		}
		own, ok := channelTypes[c.Type]
		if !ok {
			return nil, fmt.Errorf("%s: notify: type must be one of %s", c.where, strings.Join(channelTypeNames(), ", "))
		}
		allowed := slices.Clone(channelKeys)
		for _, k := range own {
			bare, must := strings.CutSuffix(k, "!")
			allowed = append(allowed, bare)
			if must && values[bare] == nil {
				return nil, fmt.Errorf("%s: notify: %s needs %s", c.where, c.Type, bare)
			}
		}
		for i := 0; i+1 < len(item.Content); i += 2 {
			k, v := item.Content[i], item.Content[i+1]
			if !slices.Contains(allowed, k.Value) {
				if k.Value == "url" && c.Type == "slack" || k.Value == "secret" || k.Value == "password" {
					return nil, fmt.Errorf("%s: notify: %s would be a secret in this file: name a variable or a file that has it, with url_env, url_file, secret_env or secret_file", where(k), k.Value)
				}
				return nil, fmt.Errorf("%s: notify: %s knows no key %q%s", where(k), c.Type, k.Value, didYouMean(k.Value, allowed))
			}
			if err := c.set(k.Value, v); err != nil {
				return nil, fmt.Errorf("%s: notify: %s: %w", where(v), k.Value, err)
			}
		}
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("%s: notify: %w", c.where, err)
		}
		if slices.ContainsFunc(out, func(o channelSettings) bool { return o.Name == c.Name }) {
			return nil, fmt.Errorf("%s: notify: two channels are called %s", c.where, c.Name)
		}
		out = append(out, c)
	}
	return out, nil
}

func (c *channelSettings) set(key string, v *yaml.Node) (err error) {
	texts := map[string]*string{"name": &c.Name, "type": &c.Type, "min_severity": &c.MinSeverity, "url": &c.URL, "url_env": &c.URLEnv, "url_file": &c.URLFile,
		"secret_env": &c.SecretEnv, "secret_file": &c.SecretFile, "topic": &c.Topic, "server": &c.Server, "tls": &c.TLS, "user": &c.User, "from": &c.From}
	lists := map[string]*[]string{"rules": &c.Rules, "accounts": &c.Accounts, "to": &c.To, "command": &c.Command, "env": &c.Env}
	if at := lists[key]; at != nil {
		if v.Kind != yaml.SequenceNode || len(v.Content) == 0 {
			return errors.New("must be a list")
		}
		for _, e := range v.Content {
			if e.Kind != yaml.ScalarNode {
				return errors.New("must be a list of texts")
			}
			*at = append(*at, e.Value)
		}
		return nil
	}
	if v.Kind != yaml.ScalarNode || v.Value == "" {
		return errors.New("must be a single value")
	}
	switch key {
	case "digest", "timeout":
		d, err := time.ParseDuration(v.Value)
		if err != nil || d < time.Second || d > 31*24*time.Hour {
			return errors.New("must be a time such as 30s or 24h")
		}
		*map[string]*time.Duration{"digest": &c.Digest, "timeout": &c.Timeout}[key] = d
	case "singles":
		if c.Singles, err = strconv.Atoi(v.Value); err != nil || c.Singles < 1 || c.Singles > 1000 {
			return errors.New("must be a number from 1 to 1000")
		}
	case "raw":
		if c.Raw, err = strconv.ParseBool(v.Value); err != nil {
			return errors.New("must be true or false")
		}
	default:
		*texts[key] = v.Value
	}
	return nil
}

func (c *channelSettings) check() error {
	if !channelName.MatchString(c.Name) {
		return errors.New("name must be lower-case letters, digits, - and _")
	}
	if c.MinSeverity != "" && finding.Rank(c.MinSeverity) == 0 {
		return fmt.Errorf("min_severity must be one of %s", strings.Join(finding.Severities, ", "))
	}
	for _, r := range c.Rules {
		if _, err := path.Match(r, ""); err != nil {
			return errors.New("rules: not a pattern")
		}
	}
	switch n := given(c.URL, c.URLEnv, c.URLFile); {
	case (c.Type == "webhook" || c.Type == "slack") && n != 1:
		return errors.New("say the URL once: url_env, url_file, or, for a webhook whose URL is no secret, url")
	case given(c.SecretEnv, c.SecretFile) > 1:
		return errors.New("say one of secret_env and secret_file")
	}
	if c.URL != "" && (strings.ContainsAny(c.URL, "@?") || strings.Contains(c.URL, "hooks.slack.com")) {
		return errors.New("url seems to hold a secret: put it into a variable or a file, with url_env or url_file")
	}
	if c.Type == "smtp" {
		if _, _, err := net.SplitHostPort(c.Server); err != nil {
			return errors.New("server must be HOST:PORT")
		}
		if !slices.Contains([]string{"", "starttls", "tls", "none"}, c.TLS) {
			return errors.New("tls must be starttls, tls or none")
		}
		if (c.User != "") != (given(c.SecretEnv, c.SecretFile) == 1) {
			return errors.New("user goes with secret_env or secret_file")
		}
	}
	return nil
}

func given(texts ...string) (n int) {
	for _, t := range texts {
		if t != "" {
			n++
		}
	}
	return n
}

// secret is what a variable or a file has. A file is relative to the settings file.
func (c *channelSettings) secret(env, file, settingsFile string) (string, error) {
	switch {
	case env != "":
		if v := os.Getenv(env); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("notify %s: the variable %s is not set", c.Name, env)
	case file != "":
		b, err := os.ReadFile(besideFile(settingsFile, file))
		if err != nil {
			return "", fmt.Errorf("notify %s: %w", c.Name, err)
		}
		return strings.TrimSpace(string(b)), nil
	}
	return "", nil
}
