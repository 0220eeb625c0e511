package main

import (
	"github.com/spf13/cobra"
)

func newConfigCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show the settings in force and where each came from",
		Long: `Shows every setting, its value, and where the value came from: a flag, the environment, a line of the settings
file, or the default. See 'weir help settings' for the file.`,
		Example: `  weir config
  weir config -o json
  WEIR_THREADS=2 weir config --config ./team.yaml`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			format, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			l := list{columns: []string{"setting", "value", "from", "meaning"}}
			for _, t := range settingTable {
				from := a.settings.from[t.key]
				value := any(t.get(&a.settings))
				switch {
				case from == "" && t.def == "false":
					from = "default"
				case from == "":
					from = "default: " + t.def
				}
				if value == "" {
					value = nil
				}
				l.add(t.key, value, from, t.doc)
			}
			if format == "table" { // meaning is in the help; here it would only wrap
				l.columns = l.columns[:3]
				for i := range l.rows {
					l.rows[i] = l.rows[i][:3]
				}
			}
			return l.write(a.stdout, format)
		},
	}
	addSettingFlags(cmd, settingKeysWithoutGlobal()...)
	return cmd
}

// settingKeysWithoutGlobal are the settings whose flags belong to some commands only. `weir config` takes them all, so
// that one can see what a flag would do.
func settingKeysWithoutGlobal() (keys []string) {
	for _, t := range settingTable {
		switch t.key {
		case "lake", "catalog", "ledger", "output", "quiet", "no_color":
		default:
			keys = append(keys, t.key)
		}
	}
	return keys
}
