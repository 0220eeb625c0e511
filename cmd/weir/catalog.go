package main

import (
	"errors"
	"net/url"
)

// errNoCatalog says that a lake in a bucket was named without its catalog.
var errNoCatalog = errors.New("a lake in a bucket needs a catalog that all who use it can reach")

// checkCatalog refuses what is no catalog, and a password where others can read it.
func checkCatalog(v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("must be of the form postgres://user@host/database")
	}
	if _, ok := u.User.Password(); ok || u.Query().Has("password") {
		return errors.New("must hold no password: put it into PGPASSWORD or ~/.pgpass")
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
	if s.key == "catalog" {
		return withoutPassword(v)
	}
	return v
}
