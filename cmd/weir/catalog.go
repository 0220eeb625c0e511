package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"regexp"
	"strings"

	glueapi "github.com/aws/aws-sdk-go-v2/service/glue"

	"weir/internal/lake"
	"weir/internal/lake/glue"
	"weir/internal/lake/postgres"
	lakes3 "weir/internal/lake/s3"
	"weir/internal/refine"
	"weir/internal/source/s3"
)

// catalogGlue is the setting catalog of a lake whose catalog is AWS Glue. Others are URLs of a PostgreSQL.
const catalogGlue = "glue"

// glueSettings say where in AWS Glue the lake's tables are. The account and how to reach AWS are those of s3Settings.
type glueSettings struct {
	Database string // "" is weir
	Endpoint string // URL of another server
}

// checkCatalog refuses what is no catalog, and a password where others can read it. Nothing is the catalog in the lake's
// own folder: so a flag can undo what the settings file says.
func checkCatalog(v string) error {
	if v == "" || v == catalogGlue {
		return nil
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("must be of the form postgres://user@host/database, or glue")
	}
	if _, ok := u.User.Password(); ok || u.Query().Has("password") {
		return errors.New("must hold no password: put it into PGPASSWORD or ~/.pgpass")
	}
	return nil
}

func checkLedger(v string) error {
	if !strings.Contains(v, "://") {
		return nil // a file
	}
	if err := checkCatalog(v); err != nil {
		return errors.New(strings.TrimSuffix(err.Error(), ", or glue"))
	}
	return nil
}

// glueDatabase is what Iceberg's library for Java takes for a database of Glue, and so what Spark can read. Glue itself takes
// more.
var glueDatabase = regexp.MustCompile(`^[a-z0-9_]{1,252}$`)

func checkGlueDatabase(v string) error {
	if !glueDatabase.MatchString(v) {
		return errors.New("must be lower-case letters, digits and _")
	}
	return nil
}

// withoutPassword is a catalog's URL as it may be shown. One that is none is not shown: who knows what is in it.
func withoutPassword(catalog string) string {
	u, err := url.Parse(catalog)
	if err != nil {
		return "…"
	}
	if q := u.Query(); q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}

// shown is a value as it may be shown.
func (s *setting) shown(v string) string {
	switch s.key {
	case "catalog":
		return withoutPassword(v)
	case "ledger":
		return shownLedger(v)
	}
	return v
}

func shownLedger(v string) string {
	if !strings.Contains(v, "://") {
		return v // a file
	}
	return withoutPassword(v)
}

// The settings of a lake whose catalog is Glue.
var (
	ledgerSetting = setting{key: "ledger", flag: "ledger", env: "WEIR_LEDGER", def: "none",
		doc: "ledger of a lake whose catalog is glue, needed to write: postgres://user@host/database, or a file where one machine writes",
		set: func(s *settings, v string) error { s.Ledger = v; return checkLedger(v) },
		get: func(s *settings) string { return shownLedger(s.Ledger) }}
	glueDatabaseSetting = setting{key: "glue.database", flag: "glue-database", env: "WEIR_GLUE_DATABASE", def: "weir",
		doc: "database of AWS Glue that has the lake's tables",
		set: func(s *settings, v string) error { s.Glue.Database = v; return checkGlueDatabase(v) },
		get: func(s *settings) string { return s.Glue.Database }}
	glueEndpointSetting = text("glue.endpoint", "glue-endpoint", "AWS_ENDPOINT_URL_GLUE, AWS", "URL of another server that speaks for Glue",
		func(s *settings) *string { return &s.Glue.Endpoint })
)

// access is what a command does with the lake.
type access int

const (
	readTables access = iota // asks for records only
	readAll                  // and for what the ledger knows
	writeAll
)

var (
	// errNoCatalog says that a lake in a bucket was named without its catalog.
	errNoCatalog = errors.New("a lake in a bucket needs a catalog that all who use it can reach")
	// errNoLedger says that a lake is to be written whose catalog holds no ledger.
	errNoLedger = errors.New("a lake whose catalog is glue needs a ledger to be written")
)

// derivedTables are the tables that weir makes of records.
var derivedTables = refine.Tables

// openLake opens the lake of the settings: a folder, or a bucket with a catalog.
func openLake(ctx context.Context, a *app, how access) (*lake.Lake, error) {
	o := lake.Options{Write: how == writeAll, Log: a.logger(), Derived: derivedTables}
	uri := a.settings.Lake
	bucket := strings.HasPrefix(uri, "s3://")
	switch {
	case bucket && a.settings.Catalog == "":
		return nil, fmt.Errorf("lake %s: %w", uri, errNoCatalog)
	case !bucket && a.settings.Catalog == catalogGlue:
		return nil, fmt.Errorf("lake %s: with catalog glue a lake is s3://bucket/prefix: what looks for tables in Glue reads no folders", uri)
	case a.settings.Catalog == catalogGlue && o.Write && a.settings.Ledger == "":
		return nil, fmt.Errorf("lake %s: %w", uri, errNoLedger)
	}
	if bucket {
		name, prefix, err := lakes3.ParseURI(uri)
		if err != nil {
			return nil, err
		}
		client, err := newS3Client(ctx, a)
		if err != nil {
			return nil, err
		}
		if o.Store, err = lakes3.Open(ctx, client, name, prefix); err != nil {
			return nil, err
		}
	}
	var err error
	switch a.settings.Catalog {
	case "":
	case catalogGlue:
		if o.Tables, err = openGlue(ctx, a); err == nil {
			o.Database, err = openLedger(ctx, a, how)
		}
	default:
		o.Database, err = postgres.Open(ctx, a.settings.Catalog)
	}
	if err != nil {
		return nil, err
	}
	return lake.Open(ctx, uri, o)
}

func openGlue(ctx context.Context, a *app) (lake.Tables, error) {
	o := a.awsOptions()
	o.NeedRegion = true // every region has a Glue of its own, and a wrong one knows nothing
	cfg, err := s3.LoadConfig(ctx, o)
	if err != nil {
		return nil, err
	}
	database := a.settings.Glue.Database
	if database == "" {
		database = "weir"
	}
	return glue.New(glueapi.NewFromConfig(cfg, func(o *glueapi.Options) {
		if a.settings.Glue.Endpoint != "" {
			o.BaseEndpoint = &a.settings.Glue.Endpoint
		}
	}), database), nil
}

// openLedger opens the ledger of a lake whose catalog is elsewhere. nil: there is none here, and none is needed. Many may
// read the tables, and one settings file can serve all, though the ledger is a file on the machine that writes.
func openLedger(ctx context.Context, a *app, how access) (*lake.Database, error) {
	place := a.settings.Ledger
	if how == readTables || place == "" {
		return nil, nil
	}
	if strings.Contains(place, "://") {
		return postgres.Open(ctx, place)
	}
	if _, err := os.Stat(place); errors.Is(err, fs.ErrNotExist) && how == readAll {
		return nil, nil
	}
	db, err := lake.FileDatabase(ctx, place, how == writeAll)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", place, err)
	}
	return db, nil
}
