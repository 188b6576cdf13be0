package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strings"
)

// settings are the flags that can also stand in the environment or in a file.
var settings = []string{"data", "database", "files", "bus", "metrics", "edit-window", "listen", "public-url", "config"}

// variable is the name of a setting in the environment.
func variable(name string) string {
	return "SATCHEL_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// settle gives the flags that were not named what the environment says, and
// else what the file says.
func settle(flags *flag.FlagSet, file *string) error {
	named := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { named[f.Name] = true })
	for _, name := range settings {
		value := os.Getenv(variable(name))
		if value == "" || named[name] || flags.Lookup(name) == nil {
			continue
		}
		if err := flags.Set(name, value); err != nil {
			return misuse(variable(name) + " can't be understood")
		}
		named[name] = true
	}
	if *file == "" {
		return nil
	}
	values, err := readSettings(*file)
	if err != nil {
		return err
	}
	for name, value := range values {
		if named[name] || flags.Lookup(name) == nil {
			continue // invite has fewer settings than serve
		}
		if err := flags.Set(name, value); err != nil {
			return misuse(fmt.Sprintf("%s in %s can't be understood", name, *file))
		}
	}
	return nil
}

// readSettings reads lines like "listen = 0.0.0.0:7465"; those that are empty
// or begin with # say nothing.
func readSettings(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the settings can't be read: %w", err)
	}
	defer f.Close()
	values := map[string]string{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "config" || !isSetting(name) {
			return nil, misuse(fmt.Sprintf("line %d of %s is no setting", n, path))
		}
		values[name] = value
	}
	return values, lines.Err()
}

func isSetting(name string) bool {
	for _, s := range settings {
		if s == name {
			return true
		}
	}
	return false
}
