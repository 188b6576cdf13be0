package transfer

// Trouble is what may be wrong with a store of a person's own, in whatever code
// its server says it.
type Trouble int

const (
	BadSecret  Trouble = iota // key or password is not right
	NotAllowed                // it is, and may not do this
	NoBucket                  // the bucket, container or folder is not there
	WrongClock                // this computer's
	WrongPlace                // another region, or not this kind of server
	StoreFull
	TooLarge
	StoreBusy
	StoreBroken
	Refusal // anything else that trying again won't change
)

// Error says it to the person; err is for the log.
func (t Trouble) Error(err error) *Error {
	switch t {
	case BadSecret:
		return Final("The store does not accept the key or password. Check it in the settings, then try again.", err)
	case NotAllowed:
		return Final("The store's account may not do this there. Allow it to write, read, list and delete, then try again.", err)
	case NoBucket:
		return Final("The place that the settings name is not there at the store. Check its name, or create it, then try again.", err)
	case WrongClock:
		return Final("The store refuses because this computer's clock is wrong. Set the clock, then try again.", err)
	case WrongPlace:
		return Final("The store does not answer as it should under this address and region. Check them in the settings, then try again.", err)
	case StoreFull:
		return Final("The store is full. Nothing was lost; try again when there is room.", err)
	case TooLarge:
		return Final("The file is larger than the store takes. Nothing was lost; send it by another way.", err)
	case StoreBusy:
		return Temporary("The store asked for a pause. Nothing was lost; it goes on by itself.", err)
	case StoreBroken:
		e := Temporary("The store has a problem of its own. Nothing was lost; it is tried again by itself.", err)
		e.Tries = 8
		return e
	}
	return Final("The store did not accept the file. Nothing was lost; check the settings, then try again.", err)
}

// TroubleOf reads a status as any HTTP server means it. ok is false where that
// is no refusal.
func TroubleOf(status int) (t Trouble, ok bool) {
	switch {
	case status < 300:
		return 0, false
	case status == 401:
		return BadSecret, true
	case status == 403:
		return NotAllowed, true
	case status == 404 || status == 410:
		return NoBucket, true
	case status == 413:
		return TooLarge, true
	case status == 507:
		return StoreFull, true
	case status == 408 || status == 423 || status == 429 || status == 503:
		return StoreBusy, true
	case status >= 500:
		return StoreBroken, true
	case status < 400 || status == 405:
		return WrongPlace, true
	}
	return Refusal, true
}

// Secret gets what a store asks of the person besides the settings: a key or a
// password, as the system's keyring has it. Its errors are for the person.
type Secret func() (string, error)
