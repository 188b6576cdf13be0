package priority

import (
	"testing"

	"golang.org/x/sys/unix"
)

// The kernel has the turns that were asked for, where it knows of them, and those
// of a thread that moves no bytes stay as they are.
func TestTurnsOfAThread(t *testing.T) {
	now := func() unix.SchedAttr {
		a, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return *a
	}
	Run(func() {
		first := now()
		if first.Nice != niceness {
			t.Errorf("niceness %d", first.Nice)
		}
		turns(true)
		long := now()
		turns(false)
		if short := now(); short != first {
			t.Errorf("%+v, before %+v", short, first)
		}
		if known := first.Runtime == uint64(shortTurn); known && long.Runtime != uint64(longTurn) || long.Nice != niceness {
			t.Errorf("long turns: %+v", long)
		}
	})
	done := make(chan struct{})
	go func() { // on a thread as any other
		defer close(done)
		before := now()
		turns(true)
		if after := now(); after.Nice != before.Nice || before.Nice != niceness && after != before {
			t.Errorf("%+v, before %+v", after, before)
		}
	}()
	<-done
}
