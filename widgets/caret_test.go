package widgets

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2/test"
)

// Whoever closes a sheet takes the focus from its field: the caret would blink on.
func TestSheetTakesFocus(t *testing.T) {
	test.NewTempApp(t)
	w := test.NewTempWindow(t, NewText("", TextSize, ColorText))
	field := NewField("Name")
	var focus []bool
	field.onFocus = func(has bool) { focus = append(focus, has) }
	s := NewSheet("Title", FieldBox(field, false))
	s.ShowOn(w.Canvas(), field)
	s.Dismiss()
	if !slices.Equal(focus, []bool{true, false}) || field.still != nil {
		t.Errorf("the field's focus: %v, its caret is held: %t", focus, field.still != nil)
	}
}
