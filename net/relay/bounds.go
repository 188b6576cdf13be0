package relay

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"satchel/net/relay/store"
)

// ParseQuota reads what files may take: BYTES for each account, total=BYTES for
// all, or both, like 5GB,total=200GB. "none" and "" bound nothing.
func ParseQuota(s string) (q store.Quota, err error) {
	if s == "" || s == "none" {
		return q, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		name, value, named := strings.Cut(strings.TrimSpace(part), "=")
		into := &q.Account
		switch {
		case !named:
			value = name
		case strings.TrimSpace(name) == "total":
			into = &q.Total
		default:
			return q, fmt.Errorf("a quota is 5GB for each account, total=200GB for all, or both with a comma; %q is neither", part)
		}
		if *into > 0 {
			return q, fmt.Errorf("the quota says %q, and said that before", part)
		}
		if *into, err = ParseBytes(value); err != nil {
			return q, err
		}
	}
	return q, nil
}

// ParseBytes reads a size above nothing, like 5GB or 512MiB.
func ParseBytes(s string) (int64, error) {
	n, err := humanize.ParseBytes(strings.TrimSpace(s))
	if err != nil || n == 0 || n > 1<<60 {
		return 0, fmt.Errorf("%q is no size; write it like 5GB or 512MiB", s)
	}
	return int64(n), nil
}

// ParseRetention reads how long things are kept: files=TIME, messages=TIME and
// space=BYTES, with commas between. A time is like 90d, 12h or never.
func ParseRetention(s string) (r Retention, err error) {
	if s == "" || s == "never" {
		return r, nil
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(s, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if seen[name] {
			return r, fmt.Errorf("the retention names %s twice", name)
		}
		seen[name] = true
		switch name {
		case "files":
			r.Files, err = parseAge(value)
		case "messages":
			r.Messages, err = parseAge(value)
		case "space":
			r.Space, err = ParseBytes(value)
		default:
			err = fmt.Errorf("a retention is like files=90d,messages=never,space=150GB; %q is none of these", part)
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// leastAge is what a retention keeps at least, so that a slip of the finger
// does not empty the relay.
const leastAge = time.Hour

func parseAge(s string) (time.Duration, error) {
	if s == "never" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(n, 36500)) * 24 * time.Hour
	}
	if err != nil || d < leastAge {
		return 0, fmt.Errorf("%q is no time to keep things; write it like 90d, 12h (an hour at least), or never", s)
	}
	return d, nil
}

func quotaWords(q store.Quota) string {
	words := func(n int64) string {
		if n <= 0 {
			return "no bound"
		}
		return humanize.Bytes(uint64(n))
	}
	return fmt.Sprintf("%s for each account, %s for all", words(q.Account), words(q.Total))
}

func (r Retention) words() string {
	age := func(d time.Duration) string {
		switch {
		case d == 0:
			return "for ever"
		case d%(24*time.Hour) == 0:
			return fmt.Sprintf("%d days", d/(24*time.Hour))
		}
		return d.String()
	}
	s := "files " + age(r.Files) + ", messages " + age(r.Messages)
	if r.Space > 0 {
		s += ", the oldest files go above " + humanize.Bytes(uint64(r.Space))
	}
	return s
}
