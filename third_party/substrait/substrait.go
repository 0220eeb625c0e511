// Package substrait stands in for the module of this name, whose definitions of functions iceberg-go parses whenever a
// program starts: 100 ms and 32 MB for every weir command. Here are two files of version 0.87.0, unchanged, under its
// licence (Apache-2.0): comparison and boolean logic, all that a filter over an Iceberg scan is made of.
// See docs/design/startup.md.
package substrait

import "embed"

//go:embed extensions/*
var files embed.FS

// GetSubstraitFS returns the definitions.
func GetSubstraitFS() embed.FS { return files }

// GetSubstraitExtensionsFS returns the same.
func GetSubstraitExtensionsFS() embed.FS { return files }

// GetSubstraitTestsFS returns the same; nobody asks for it.
func GetSubstraitTestsFS() embed.FS { return files }
