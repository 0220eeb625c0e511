package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/source"
)

func newLakePublish(a *app) *cobra.Command {
	var schema string
	cmd := &cobra.Command{
		Use:   "publish",
		Short: "Make the views on a server, for tools that are not weir",
		Long: `Makes the views flows, tgw_flows (with end_time), vpc_flow_logs and vpc_appsec_flow_logs on the server of --engine,
in a schema of their own beside the lake's, so that any tool that talks to the server can ask them. weir itself does
not need them. Run it again after an update of weir: its own views are replaced, and those of others are not.

On Trino the catalog must allow it: iceberg.security=read_only does not. In Athena the views are in Glue, and cost
nothing to make; with --athena-table they are views of a table of flow logs that weir did not make.`,
		Example: `  weir lake publish --engine trino --trino-url https://trino.example:8443
  weir lake publish --engine athena --athena-table netlogs.vpc_flow_logs`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			name := a.settings.Engine
			if !isServer(name) {
				return fmt.Errorf("publish views: the engine duckdb keeps none; --engine names a server's")
			}
			e, err := openEngine(cmd.Context(), a, name, duckdb.Config{}, nil, source.Window{})
			if err != nil {
				return err
			}
			defer e.Close()
			p, ok := engine.Unguarded(e).(engine.Publisher)
			if !ok {
				return fmt.Errorf("publish views: the engine %s keeps none", name)
			}
			names, err := p.Publish(cmd.Context(), schema)
			for _, n := range names {
				fmt.Fprintf(a.stdout, "%s.%s\n", printable(schema), n)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&schema, "schema", "weir_views", "`NAME` of the schema that the views are made in")
	addSettingFlags(cmd, engineSettings...)
	return cmd
}
