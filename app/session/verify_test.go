package session

import (
	"strings"
	"testing"
)

// Two people compare by number or by code; wrong ones are refused in words, and
// the mark stays with the person, not with their devices.
func TestVerify(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, ines, bo := w.person("Mara"), w.person("Ines"), w.person("Bo")
	me, she, he := mara.Profile().Account.ID, ines.Profile().Account.ID, bo.Profile().Account.ID
	number, err := mara.SafetyNumber(mara.bounded(), she)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := ines.SafetyNumber(ines.bounded(), me); err != nil || same != number || len(strings.Fields(number)) != 12 {
		t.Errorf("%q and %q, %v", number, same, err)
	}
	code, err := ines.VerificationLink(ines.bounded(), me)
	if err != nil {
		t.Fatal(err)
	}
	forBo, err := bo.VerificationLink(bo.bounded(), me)
	if err != nil {
		t.Fatal(err)
	}
	other, err := mara.SafetyNumber(mara.bounded(), he)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"", "hello", other, number[:20], forBo, code + "x", "12345"} {
		if err := mara.Verify(mara.bounded(), she, wrong); err == nil {
			t.Errorf("%q was taken", wrong)
		} else if _, ok := mara.Verified(she); ok || !strings.HasSuffix(err.Error(), ".") {
			t.Errorf("%q: verified %v, %v", wrong, ok, err)
		}
	}
	if _, err := mara.SafetyNumber(mara.bounded(), me); !isRefusal(err) {
		t.Errorf("one compares with oneself: %v", err)
	}
	if err := mara.Verify(mara.bounded(), she, " "+code+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := mara.Unverify(mara.bounded(), she); err != nil {
		t.Fatal(err)
	}
	if _, ok := mara.Verified(she); ok {
		t.Error("the mark is still there")
	}
	if err := mara.Verify(mara.bounded(), she, strings.ReplaceAll(number, " ", "\n")); err != nil {
		t.Fatal(err)
	}
	mara.again()
	if _, ok := mara.Verified(she); !ok {
		t.Error("the mark is gone after a restart")
	}
	if _, ok := mara.Verified(he); ok {
		t.Error("somebody else is verified")
	}

	// A new device of somebody who was verified is said in the conversation.
	mara.synced()
	conv := mara.direct("Ines")
	laptop := w.newcomer("laptop")
	ines.links(laptop, func(l *Linking) string { return l.Link })
	mara.wait("it is said", func() bool { return strings.Contains(mara.row(conv).Warning, "new device") })
	if _, ok := mara.Verified(she); !ok {
		t.Error("a new device took the mark away")
	}
	if err := mara.Verify(mara.bounded(), she, number); err != nil {
		t.Fatal(err)
	}
	if warning := mara.row(conv).Warning; warning != "" {
		t.Errorf("compared again, and it still says %q", warning)
	}
}
