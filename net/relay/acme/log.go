package acme

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"go.uber.org/zap/zapcore"
)

// sink brings what the library warns of into the relay's log.
type sink struct{ log *slog.Logger }

func (s sink) Enabled(l zapcore.Level) bool { return l >= zapcore.WarnLevel }

func (s sink) With(fields []zapcore.Field) zapcore.Core { return sink{s.log.With(words(fields)...)} }

func (s sink) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if s.Enabled(e.Level) {
		return c.AddCore(e, s)
	}
	return c
}

func (s sink) Write(e zapcore.Entry, fields []zapcore.Field) error {
	level := slog.LevelWarn
	if e.Level > zapcore.WarnLevel {
		level = slog.LevelError
	}
	s.log.Log(context.Background(), level, "certificate: "+e.Message, words(fields)...)
	return nil
}

func (s sink) Sync() error { return nil }

func words(fields []zapcore.Field) (all []any) {
	m := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(m)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		all = append(all, name, m.Fields[name])
	}
	return all
}
