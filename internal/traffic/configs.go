package traffic

import (
	"slices"
	"time"

	"weir/flowlog"
)

// DemoConfig is one day of a small company with every attack in it: quick to make and to read.
func DemoConfig(seed uint64) Config {
	return Config{Seed: seed, Records: 300_000, Attacks: namesOf(slices.Concat(redisAttacks, exposures, scans, intrusions, controls, losses, gaps, lookalikes))}
}

// quietDay is how many records a small company makes in a day at the least.
const quietDay = 200_000

// BenchConfig is one day of a larger company, of about so many records in exactly so many objects. A day has a clock
// that ticks anyway, so fewer than quietDay are a part of a day.
func BenchConfig(seed uint64, records, objects int) Config {
	c := Config{Seed: seed, Records: records, Objects: objects, Interfaces: min(max(records/25_000, len(cast)), 400)}
	if records < quietDay {
		c.Duration = max(10*time.Minute, (24 * time.Hour * time.Duration(records) / quietDay).Truncate(10*time.Minute))
	}
	return c
}

// FleetConfig is one day of a company of 150 interfaces, with the attacks and look-alikes that the demonstration does
// not have, in the format that has the fields they need.
func FleetConfig(seed uint64) Config {
	return Config{Seed: seed, Records: 800_000, Interfaces: 150, Fields: allButTags(),
		Attacks: namesOf(slices.Concat(openings, probes, accesses, beacons, carriers, weaknesses, manners))}
}

// WeeksConfig is 22 days of a small company, quiet but for the last one, so that there is a habit to break: the
// attacks that only a memory of weeks can tell, and all look-alikes.
func WeeksConfig(seed uint64) Config {
	return Config{Seed: seed, Records: 2_200_000, Duration: 22 * 24 * time.Hour, Fields: allButTags(), Objects: 22 * 24,
		Attacks: slices.Concat([]string{"redis", "redis-closed", "exposed-rdp", "exposed-docker", "new-service", "distributed-probe", "lateral",
			"connect-back", "server-turned-client", "irc", "exfiltration", "bulk-s3", "inbound-flood", "silence",
			"reject-spike", "blocked-outbound", "new-admin-edge", "zone-crossing", "smb-volume", "new-path",
			"low-and-slow", "volume-anomaly", "nat-spike", "weakened", "skips", "schema-drift"}, namesOf(lookalikes), namesOf(manners))}
}

// OrdinaryDayConfig is one day of a company of 600 interfaces, a quarter of them public web servers, under the noise of
// the internet, and no attack: what it raises, it raises every day at everybody's.
func OrdinaryDayConfig(seed uint64) Config {
	return Config{Seed: seed, Records: 3_000_000, Interfaces: 600, Noise: 1, Guarded: true, Fields: allButTags(), Attacks: slices.Concat([]string{"skips"}, namesOf(lookalikes), namesOf(manners))}
}

// allButTags is the default format and the fields that say why a packet was refused and whether it was encrypted.
func allButTags() []string {
	return append(defaultFields(), "reject-reason", "encryption-status")
}

func defaultFields() (all []string) {
	for _, f := range flowlog.VPC.Fields {
		if f.Since <= 5 {
			all = append(all, f.Name)
		}
	}
	return all
}

func namesOf(list []attack) (all []string) {
	for _, a := range list {
		all = append(all, a.name)
	}
	return all
}
