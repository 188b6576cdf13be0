package widgets

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"fyne.io/fyne/v2/lang"
)

var sizeUnits = [...]string{"B", "KB", "MB", "GB", "TB", "PB", "EB"}

// FormatSize writes a number of bytes in decimal units, as people say it:
// "812 MB", "2.4 GB", "0 B".
func FormatSize(n int64) string {
	unit, scale := sizeUnit(n)
	return formatAmount(n, scale) + " " + unit
}

// FormatProgress writes "1.5 of 2.4 GB": both numbers in the unit of the whole.
func FormatProgress(done, total int64) string {
	unit, scale := sizeUnit(total)
	return lang.L("{{.Done}} of {{.Total}} {{.Unit}}", map[string]any{
		"Done": formatAmount(done, scale), "Total": formatAmount(total, scale), "Unit": unit,
	})
}

// formatFraction is FormatProgress for where there is little room: "1.9 / 3.1 MB".
func formatFraction(done, total int64) string {
	unit, scale := sizeUnit(total)
	return formatAmount(done, scale) + " / " + formatAmount(total, scale) + " " + unit
}

// FormatRate writes bytes a second: "41 MB/s".
func FormatRate(rate float64) string {
	if math.IsNaN(rate) || rate < 0 {
		rate = 0
	}
	return lang.L("{{.Size}}/s", map[string]any{"Size": FormatSize(int64(min(rate, math.MaxInt64/2)))})
}

// FormatLeft writes the time that remains: "0:22 left"; "" when unknown.
func FormatLeft(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	s := int64((d + time.Second - 1) / time.Second)
	clock := fmt.Sprintf("%d:%02d", s/60, s%60)
	switch {
	case s >= 24*3600:
		return lang.L("more than a day left")
	case s >= 3600:
		clock = fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return lang.L("{{.Time}} left", map[string]any{"Time": clock})
}

// sizeUnit is the unit in which n is written, and how many bytes it has. A
// size that would round to 1000 of a unit is written in the next one.
func sizeUnit(n int64) (string, float64) {
	scale, i := 1.0, 0
	for math.Round(float64(n)/scale) >= 1000 && i < len(sizeUnits)-1 {
		scale *= 1000
		i++
	}
	return sizeUnits[i], scale
}

// formatAmount writes n/scale with one decimal below ten, none from there.
func formatAmount(n int64, scale float64) string {
	v := float64(n) / scale
	if tenths := math.Round(v * 10); scale > 1 && tenths < 100 && math.Mod(tenths, 10) != 0 {
		whole, tenth := int(tenths)/10, int(tenths)%10
		return lang.L("{{.Whole}}.{{.Tenth}}", map[string]any{"Whole": whole, "Tenth": tenth})
	}
	return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
}

// FormatDay names the day of t for somebody who reads at now.
func FormatDay(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	switch {
	case dayOf(t) == dayOf(now):
		return lang.L("Today")
	case dayOf(t) == dayOf(now.AddDate(0, 0, -1)):
		return lang.L("Yesterday")
	case t.Before(now) && now.Sub(t) < 6*24*time.Hour:
		return lang.L(t.Weekday().String())
	case t.Year() == now.Year():
		return lang.L("{{.Day}} {{.Month}}", map[string]any{"Day": t.Day(), "Month": lang.L(t.Month().String())})
	}
	return lang.L("{{.Day}} {{.Month}} {{.Year}}",
		map[string]any{"Day": t.Day(), "Month": lang.L(t.Month().String()), "Year": t.Year()})
}

// FormatDate writes the day of t where a sentence or a row has little room for it.
func FormatDate(t time.Time) string {
	t = t.Local()
	return lang.L("{{.Day}} {{.Mon}} {{.Year}}", map[string]any{"Day": t.Day(), "Mon": lang.L(t.Month().String()[:3]), "Year": t.Year()})
}

// FormatClock writes the time of day.
func FormatClock(t time.Time) string { return t.Local().Format("15:04") }

// dayOf numbers the days of the local calendar.
func dayOf(t time.Time) int {
	t = t.Local()
	return t.Year()*512 + t.YearDay()
}
