package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// These are the window's own benchmarks: only package app sees so far into it.
func switching(ctx context.Context, _ string) error {
	all, err := benchmark(ctx, "./app", "BenchmarkMillion", "60x")
	if err != nil {
		return err
	}
	for _, of := range []struct{ name, what string }{{"switch", "to another conversation"}, {"hit", "to a message that a search found"}} {
		m := all[of.name]
		fmt.Printf("switch: %s, out of 1,000,000 messages: %.2f of 50 ms (%.1f ms), the longest %.2f (%.1f ms)\n",
			of.what, m["p50-ms"]/50, m["p50-ms"], m["longest-ms"]/50, m["longest-ms"])
	}
	return nil
}

func burst(ctx context.Context, _ string) error {
	all, err := benchmark(ctx, "./app", "BenchmarkBurst", "3x")
	if err != nil {
		return err
	}
	m := all[""]
	moved := "what is read stays where it is"
	if m["moved"] > 0 {
		moved = "what is read MOVES"
	}
	fmt.Printf("burst: 1,000 messages from a relay: the screen changes %.2f times a frame (16 ms), the longest turn is %.2f of a frame by the clock, the most work in one %.2f of a frame; %s\n",
		m["turns/frame"], m["longest-ms"]/16, m["most-ms"]/16, moved)
	return nil
}

// benchmark runs one of a package's own and returns what it and its parts report, by
// the part's name ("": the whole) and unit.
func benchmark(ctx context.Context, pkg, name, times string) (map[string]map[string]float64, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-tags", "ci,migrated_fynedo,no_emoji", "-run", "^$", "-bench", "^"+name+"$", "-benchtime", times, "-timeout", "30m", pkg).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	all := map[string]map[string]float64{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], name) {
			continue
		}
		part, _, _ := strings.Cut(strings.TrimPrefix(fields[0][len(name):], "/"), "-") // then come the processors
		all[part] = map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			if all[part][fields[i+1]], err = strconv.ParseFloat(fields[i], 64); err != nil {
				return nil, err
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s reports nothing: %s", name, out)
	}
	return all, nil
}
