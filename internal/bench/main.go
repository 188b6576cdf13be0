// Command bench measures what Satchel promises and prints ratios of figures from
// one run, so that a slow or a noisy machine does not matter. It asserts nothing.
// `make bench` runs it, `make bench PART="cache latency-4"` parts of it; PART=latency is both of that name.
package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"satchel/net/priority"
)

func main() {
	priority.Spare()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "satchel-bench-")
	if err != nil {
		fail(err)
	}
	defer os.RemoveAll(dir)
	for _, part := range []struct {
		name string
		run  func(ctx context.Context, dir string) error
	}{
		{"cache", cache}, {"scroll", scroll}, {"switch", switching}, {"burst", burst}, {"search", search}, {"thumbnail", thumbnail}, {"start", start}, {"rest", rests}, {"latency-1", latency(1)}, {"latency-4", latency(4)}, {"queue", queue}, {"transfer", transfers}, {"memory", memory},
	} {
		family, _, _ := strings.Cut(part.name, "-")
		if len(os.Args) > 1 && !slices.Contains(os.Args[1:], part.name) && !slices.Contains(os.Args[1:], family) {
			continue
		}
		if err := part.run(ctx, dir); err != nil {
			os.RemoveAll(dir)
			fail(fmt.Errorf("%s: %w", part.name, err))
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

// percentile returns the p-th (0 to 1) of values by nearest rank; it sorts them.
func percentile(values []time.Duration, p float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	i := int(math.Ceil(p*float64(len(values)))) - 1
	return values[max(i, 0)]
}

func median(values []time.Duration) time.Duration { return percentile(values, 0.5) }

func micros(d time.Duration) string { return d.Round(time.Microsecond).String() }
