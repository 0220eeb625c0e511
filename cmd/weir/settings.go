package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// settings are what weir can be told once instead of with every command. The zero value of a field means that whoever
// uses it decides: the AWS SDK's own chain for S3, the engine for memory and threads.
type settings struct {
	Lake         string // a folder, or s3://bucket/prefix
	Catalog      string // of a shared lake: postgres://…, or glue; "" is the lake's own
	Ledger       string // with catalog glue: postgres://…, or a file
	Glue         glueSettings
	Findings     string // file of the store
	Suppressions string // file, YAML
	CacheDir     string // of data files that were brought from a bucket
	CacheSize    int64  // bytes
	LogFormat    string // fields of records that have no header, see flowlog.ParseFormat
	Output       string
	Quiet        bool
	NoColor      bool
	MemoryLimit  int64 // bytes
	Threads      int
	Engine       string // one of engineNames
	Trino        trinoSettings
	Athena       athenaSettings
	Notify       []channelSettings // who is told of findings, in the file only
	Network      string            // file of what the user knows of their networks; "" is none
	MaxBytes     int64             // that a query may scan on an engine that bills; 0 is no bound
	DailyBytes   int64             // that all of a day may
	S3           s3Settings
	Rules        ruleSettings

	// from says where each setting in force came from, by key. A key that is absent has its default.
	from map[string]string
	file string // the settings file that was read; "" if there was none
}

// s3Settings say how buckets are reached. Credentials are not among them: they come from the AWS SDK's chain.
type s3Settings struct {
	Region        string
	Profile       string // of ~/.aws/config
	Endpoint      string // URL of another S3-compatible server
	PathStyle     bool   // bucket in the path, not in the host name
	AssumeRole    string // ARN
	ExternalID    string // for AssumeRole
	RequesterPays bool
}

// trinoSettings say where a Trino is. Its password is none of them: see openTrino.
type trinoSettings struct {
	URL     string // http or https
	Catalog string // in which the server has the lake
	Schema  string
	User    string
}

// setting is one row of the table that flags, environment, file, `weir config` and the documentation are made of.
type setting struct {
	key  string // in the file; "s3.region" is region in the section s3
	flag string // without "--"; "" if there is none. Which commands have the flag is the commands' affair
	env  string
	def  string // the default, in words
	doc  string
	set  func(*settings, string) error
	get  func(*settings) string
}

var settingTable = []setting{
	text("lake", "lake", "$XDG_DATA_HOME/weir", "the lake: a folder, or s3://bucket/prefix", func(s *settings) *string { return &s.Lake }),
	{key: "catalog", flag: "catalog", env: "WEIR_CATALOG", def: "in the lake's folder", doc: "catalog of a lake that several machines share: postgres://user@host/database, which has the ledger, too (its password is in PGPASSWORD or ~/.pgpass), or glue",
		set: func(s *settings, v string) error { s.Catalog = v; return checkCatalog(v) },
		get: func(s *settings) string { return withoutPassword(s.Catalog) }},
	ledgerSetting, glueDatabaseSetting, glueEndpointSetting, findingsSetting, suppressionsSetting,
	text("cache_dir", "cache-dir", "$XDG_CACHE_HOME/weir", "folder for what queries bring from a lake in a bucket", func(s *settings) *string { return &s.CacheDir }),
	{key: "cache_size", flag: "cache-size", env: "WEIR_CACHE_SIZE", def: "10GiB", doc: "what that folder may hold between queries",
		set: func(s *settings, v string) (err error) { s.CacheSize, err = parseSize(v); return err },
		get: func(s *settings) string { return formatSize(s.CacheSize) }},
	text("log_format", "log-format", "from the header of each object", "fields of records without a header: \"${version} ${account-id} …\", a plain list, or default",
		func(s *settings) *string { return &s.LogFormat }),
	{key: "output", flag: "output", env: "WEIR_OUTPUT", def: "the command's own", doc: "format of results: " + strings.Join(outputFormats, ", "),
		set: func(s *settings, v string) error { s.Output = v; return nil },
		get: func(s *settings) string { return s.Output }},
	{key: "network", flag: "network-file", env: "WEIR_NETWORK", def: "none", doc: "YAML file of your networks, ports and lists of threats, see docs/network.md",
		set: func(s *settings, v string) error { s.Network = v; return nil },
		get: func(s *settings) string { return s.Network }},
	yes("quiet", "quiet", "no progress", func(s *settings) *bool { return &s.Quiet }),
	yes("no_color", "no-color", "no colours on a terminal", func(s *settings) *bool { return &s.NoColor }),
	{key: "memory_limit", flag: "memory-limit", env: "WEIR_MEMORY_LIMIT", def: "512 MiB to ingest, a quarter of the machine to query", doc: "bound on memory: 512MiB, 2GB",
		set: func(s *settings, v string) (err error) { s.MemoryLimit, err = parseSize(v); return err },
		get: func(s *settings) string { return formatSize(s.MemoryLimit) }},
	{key: "threads", flag: "threads", env: "WEIR_THREADS", def: "one for each core", doc: "threads to work with",
		set: func(s *settings, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > 1024 {
				return errors.New("must be a number from 1 to 1024")
			}
			s.Threads = n
			return nil
		},
		get: func(s *settings) string {
			if s.Threads == 0 {
				return ""
			}
			return strconv.Itoa(s.Threads)
		}},
	{key: "engine", flag: "engine", env: "WEIR_ENGINE", def: "duckdb", doc: "what runs queries: " + strings.Join(engineNames, ", "),
		set: func(s *settings, v string) error {
			if !slices.Contains(engineNames, v) {
				return errors.New("must be one of " + strings.Join(engineNames, ", "))
			}
			s.Engine = v
			return nil
		},
		get: func(s *settings) string { return s.Engine }},
	text("trino.url", "trino-url", "none", "URL of a Trino, whose password is in WEIR_TRINO_PASSWORD", func(s *settings) *string { return &s.Trino.URL }),
	text("trino.catalog", "trino-catalog", "lake", "catalog in which Trino has the lake", func(s *settings) *string { return &s.Trino.Catalog }),
	text("trino.schema", "trino-schema", "weir", "schema in which Trino has the lake's tables", func(s *settings) *string { return &s.Trino.Schema }),
	text("trino.user", "trino-user", "the login name", "user to be for Trino", func(s *settings) *string { return &s.Trino.User }),
	text("athena.workgroup", "athena-workgroup", "primary", "workgroup of Athena that runs queries", func(s *settings) *string { return &s.Athena.WorkGroup }),
	text("athena.catalog", "athena-catalog", "AwsDataCatalog", "data catalog that has the database", func(s *settings) *string { return &s.Athena.Catalog }),
	text("athena.database", "athena-database", "weir", "database in Glue that has the tables", func(s *settings) *string { return &s.Athena.Database }),
	text("athena.table", "athena-table", "the lake's tables", "table of flow logs that weir did not make: NAME or DATABASE.NAME", func(s *settings) *string { return &s.Athena.Table }),
	text("athena.output", "athena-output", "the workgroup's", "place for results: s3://bucket/prefix/", func(s *settings) *string { return &s.Athena.Output }),
	{key: "athena.reuse", flag: "athena-reuse", env: "WEIR_ATHENA_REUSE", def: "none", doc: "how old a result may be that is given again for the same query: 30m, 24h",
		set: func(s *settings, v string) error {
			d, err := time.ParseDuration(v)
			if err != nil || d < time.Minute || d > 7*24*time.Hour {
				return errors.New("must be from 1m to 168h")
			}
			s.Athena.Reuse = d
			return nil
		},
		get: func(s *settings) string {
			if s.Athena.Reuse == 0 {
				return ""
			}
			return s.Athena.Reuse.String()
		}},
	text("athena.endpoint", "athena-endpoint", "AWS", "URL of another server that speaks Athena", func(s *settings) *string { return &s.Athena.Endpoint }),
	{key: "athena.price_per_tb", flag: "athena-price-per-tb", env: "WEIR_ATHENA_PRICE_PER_TB", def: "5", doc: "US dollars that Athena takes for scanning a TB, for what is said about costs",
		set: func(s *settings, v string) error {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil || !(f >= 0) || f > 1e6 {
				return errors.New("must be a number of dollars")
			}
			s.Athena.PricePerTB = f
			return nil
		},
		get: func(s *settings) string {
			if s.Athena.PricePerTB == 0 {
				return ""
			}
			return strconv.FormatFloat(s.Athena.PricePerTB, 'f', -1, 64)
		}},
	bytesOf("max_bytes", "max-bytes", "most that a query may scan in Athena or Trino, by its estimate: 100GB", func(s *settings) *int64 { return &s.MaxBytes }),
	bytesOf("daily_bytes", "daily-bytes", "most that all queries of a day (of UTC) may scan in Athena or Trino: 1TB", func(s *settings) *int64 { return &s.DailyBytes }),
	rulesDirSetting, rulesDisableSetting, rulesParamsSetting,
	text("s3.region", "s3-region", "AWS_REGION, ~/.aws/config", "region of the bucket, and of Glue", func(s *settings) *string { return &s.S3.Region }),
	text("s3.profile", "s3-profile", "AWS_PROFILE", "profile of ~/.aws/config", func(s *settings) *string { return &s.S3.Profile }),
	text("s3.endpoint", "s3-endpoint", "AWS", "URL of another S3-compatible server", func(s *settings) *string { return &s.S3.Endpoint }),
	yes("s3.path_style", "s3-path-style", "the bucket's name in the path of a URL, not in its host; most servers other than AWS want it", func(s *settings) *bool { return &s.S3.PathStyle }),
	text("s3.assume_role", "s3-assume-role", "none", "ARN of a role to assume first", func(s *settings) *string { return &s.S3.AssumeRole }),
	text("s3.external_id", "s3-external-id", "none", "external ID for that role", func(s *settings) *string { return &s.S3.ExternalID }),
	yes("s3.requester_pays", "s3-requester-pays", "agree to pay for requests to a requester-pays bucket", func(s *settings) *bool { return &s.S3.RequesterPays }),
}

func text(key, flag, def, doc string, at func(*settings) *string) setting {
	return setting{key: key, flag: flag, env: envOf(key), def: def, doc: doc,
		set: func(s *settings, v string) error { *at(s) = v; return nil },
		get: func(s *settings) string { return *at(s) }}
}

func yes(key, flag, doc string, at func(*settings) *bool) setting {
	return setting{key: key, flag: flag, env: envOf(key), def: "false", doc: doc,
		set: func(s *settings, v string) error {
			b, err := strconv.ParseBool(v)
			if err != nil {
				return errors.New("must be true or false")
			}
			*at(s) = b
			return nil
		},
		get: func(s *settings) string { return strconv.FormatBool(*at(s)) }}
}

func bytesOf(key, flag, doc string, at func(*settings) *int64) setting {
	return setting{key: key, flag: flag, env: envOf(key), def: "none", doc: doc,
		set: func(s *settings, v string) (err error) { *at(s), err = parseSize(v); return err },
		get: func(s *settings) string { return formatSize(*at(s)) }}
}

func envOf(key string) string {
	return "WEIR_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// addGlobalFlags declares the flags that every command has.
func addGlobalFlags(root *cobra.Command, a *app) {
	f := root.PersistentFlags()
	f.StringVar(&a.lake, "lake", "", "the lake, a `DIR` or s3://bucket/prefix (default $WEIR_LAKE, the settings file, ~/.local/share/weir)")
	f.Var(&textFlag{name: "CATALOG"}, "catalog", settingOf("catalog").doc)
	f.Var(&textFlag{name: "LEDGER"}, "ledger", settingOf("ledger").doc)
	f.StringVar(&a.config, "config", "", "settings `FILE`, YAML (default $WEIR_CONFIG, ./weir.yaml, ~/.config/weir/weir.yaml)")
	f.StringVarP(&a.output, "output", "o", "", "`FORMAT` of results: "+strings.Join(outputFormats, ", "))
	f.BoolVar(&a.quiet, "quiet", false, "no progress")
	f.BoolVar(&a.noColor, "no-color", false, "no colours on a terminal; NO_COLOR does the same")
}

// addSourceFlags declares the flags of commands that read a SOURCE. Their values arrive in app.settings: LogFormat, S3.
func addSourceFlags(cmd *cobra.Command) {
	addSettingFlags(cmd, "log_format", "s3.region", "s3.profile", "s3.endpoint", "s3.path_style", "s3.assume_role", "s3.external_id", "s3.requester_pays",
		"glue.database", "glue.endpoint")
}

// addSettingFlags declares a flag for each of the settings named. Values arrive in app.settings.
func addSettingFlags(cmd *cobra.Command, keys ...string) {
	for _, s := range settingTable {
		switch {
		case !slices.Contains(keys, s.key):
		case s.def == "false":
			cmd.Flags().Bool(s.flag, false, s.doc)
		default:
			cmd.Flags().Var(&textFlag{name: s.valueName()}, s.flag, s.doc)
		}
	}
}

// textFlag is the flag of a setting that is not yes or no. readSettings checks it, as it does the same value elsewhere.
type textFlag struct{ name, text string }

func (f *textFlag) String() string     { return f.text }
func (f *textFlag) Set(s string) error { f.text = s; return nil }
func (f *textFlag) Type() string       { return f.name }

// valueName is what stands for the value in help.
func (s *setting) valueName() string {
	switch s.key {
	case "memory_limit", "cache_size", "max_bytes", "daily_bytes":
		return "SIZE"
	case "athena.reuse":
		return "AGE"
	case "athena.price_per_tb":
		return "DOLLARS"
	case "athena.output":
		return "URI"
	case "cache_dir", "rules.dir":
		return "DIR"
	case "rules.disable", "rules.params":
		return "LIST"
	case "findings", "suppressions", "network":
		return "FILE"
	case "threads":
		return "N"
	case "log_format":
		return "FORMAT"
	case "engine":
		return "ENGINE"
	case "s3.endpoint", "trino.url", "athena.endpoint", "glue.endpoint":
		return "URL"
	case "s3.assume_role":
		return "ARN"
	case "s3.external_id":
		return "ID"
	}
	return "NAME"
}

// noSettings marks a command that must work however broken the settings are.
var noSettings = map[string]string{"settings": "none"}

func needsSettings(cmd *cobra.Command) bool {
	for c := cmd; c != nil; c = c.Parent() {
		switch {
		case c.Annotations["settings"] == "none":
			return false
		case c.Name() == "help" || c.Name() == "completion" || strings.HasPrefix(c.Name(), "__complete"):
			return false
		}
	}
	return cmd.HasParent() // weir alone prints help
}

// readSettings fills a.settings and the global fields of a: flags win over the environment, it over the file.
func (a *app) readSettings(cmd *cobra.Command) error {
	s := settings{from: map[string]string{}}
	path, named := a.config, a.config != ""
	if !named {
		path = os.Getenv("WEIR_CONFIG")
		named = path != ""
	}
	if !named {
		path = findConfig()
	}
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read settings: %w", err)
		}
		if err := s.merge(path, data); err != nil {
			return err
		}
		s.file = path
	}
	for _, t := range settingTable {
		if v := os.Getenv(t.env); v != "" {
			if err := t.set(&s, v); err != nil {
				return fmt.Errorf("environment %s: %q: %w", t.env, t.shown(v), err)
			}
			s.from[t.key] = "environment " + t.env
		}
		if f := cmd.Flags().Lookup(t.flag); f != nil && f.Changed {
			if err := t.set(&s, f.Value.String()); err != nil {
				return fmt.Errorf("--%s: %q: %w", t.flag, t.shown(f.Value.String()), err)
			}
			s.from[t.key] = "flag --" + t.flag
		}
	}
	if os.Getenv("NO_COLOR") != "" && s.from["no_color"] == "" {
		s.NoColor = true
		s.from["no_color"] = "environment NO_COLOR"
	}
	if s.Lake == "" {
		dir, err := defaultLake()
		if err != nil {
			return err
		}
		s.Lake = dir
	}
	if strings.Contains(s.Lake, "://") && !strings.HasPrefix(s.Lake, "s3://") {
		return fmt.Errorf("lake %s: a lake is a folder or s3://bucket/prefix", s.Lake)
	}
	if !strings.Contains(s.Lake, "://") {
		dir, err := filepath.Abs(s.Lake)
		if err != nil {
			return fmt.Errorf("find lake %s: %w", s.Lake, err)
		}
		s.Lake = dir
	}
	if s.Ledger != "" && s.Catalog != catalogGlue {
		return errors.New("settings: ledger is for a lake whose catalog is glue; others have it in their catalog")
	}
	if s.S3.ExternalID != "" && s.S3.AssumeRole == "" {
		return errors.New("settings: s3.external_id is of no use without s3.assume_role")
	}
	a.settings = s
	a.lake, a.output, a.quiet, a.noColor = s.Lake, s.Output, s.Quiet, s.NoColor
	return nil
}

// merge reads a settings file. Keys that it does not know are errors: a misspelt setting must not be silence.
func (s *settings) merge(path string, data []byte) error {
	var doc, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(data))
	err := d.Decode(&doc)
	if err == io.EOF || err == nil && len(doc.Content) == 0 {
		return nil // empty, or comments only
	}
	if err != nil {
		return fmt.Errorf("read settings: %s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if d.Decode(&more) != io.EOF {
		return fmt.Errorf("read settings: %s: more than one document", path)
	}
	return s.mergeMap(path, "", doc.Content[0], map[string]int{})
}

func (s *settings) mergeMap(path, prefix string, n *yaml.Node, seen map[string]int) error {
	where := func(n *yaml.Node) string { return fmt.Sprintf("%s:%d", path, n.Line) }
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		what := "settings"
		if prefix != "" {
			what = strings.TrimSuffix(prefix, ".")
		}
		return fmt.Errorf("%s: %s must be keys with values", where(n), what)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		key := prefix + k.Value
		if first, ok := seen[key]; ok {
			return fmt.Errorf("%s: setting %q is given twice, first in line %d", where(k), key, first)
		}
		seen[key] = k.Line
		if isSection(key) {
			if err := s.mergeMap(path, key+".", v, seen); err != nil {
				return err
			}
			continue
		}
		if key == "notify" {
			channels, err := parseChannels(path, v)
			if err != nil {
				return err
			}
			s.Notify = channels
			continue
		}
		t := settingOf(key)
		if t == nil {
			return fmt.Errorf("%s: unknown setting %q%s", where(k), key, didYouMean(key, settingKeys()))
		}
		if flat, err := flatRules(path, key, v); err != nil {
			return err
		} else if flat != nil {
			v = flat
		}
		if v.Kind != yaml.ScalarNode {
			return fmt.Errorf("%s: %s must be a single value", where(v), key)
		}
		if v.Tag == "!!null" || v.Value == "" {
			continue
		}
		value := v.Value
		if slices.Contains([]string{"lake", "cache_dir", "ledger", "findings", "suppressions", "network"}, key) {
			value = besideFile(path, value)
		}
		if key == rulesDirSetting.key {
			value = besideAll(path, value)
		}
		if err := t.set(s, value); err != nil {
			return fmt.Errorf("%s: %s: %q: %w", where(v), key, t.shown(v.Value), err)
		}
		s.from[key] = where(v)
	}
	return nil
}

func settingOf(key string) *setting {
	for i := range settingTable {
		if settingTable[i].key == key {
			return &settingTable[i]
		}
	}
	return nil
}

func settingKeys() (keys []string) {
	for _, t := range settingTable {
		keys = append(keys, t.key)
	}
	return keys
}

func isSection(key string) bool {
	return slices.ContainsFunc(settingTable, func(t setting) bool { return strings.HasPrefix(t.key, key+".") })
}
