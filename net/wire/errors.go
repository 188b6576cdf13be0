package wire

// Codes of Error. They are stable: clients branch on them.
const (
	CodeBadFrame         = "bad_frame"         // no JSON, or not of the form that its type has
	CodeUnknownType      = "unknown_type"      // a type that this relay does not know
	CodeTooLarge         = "too_large"         // above a limit of this package
	CodeHelloTimeout     = "hello_timeout"     // no hello within HelloTimeout
	CodeHelloFirst       = "hello_first"       // something else before hello
	CodeBadSignature     = "bad_signature"     // the challenge was not signed by this device
	CodeUnknownDevice    = "unknown_device"    // not registered here, and no invitation named
	CodeDeviceRemoved    = "device_removed"    // its account's chain says so; final
	CodeDeviceBlocked    = "device_blocked"    // by the relay's operator
	CodeAccountRemoved   = "account_removed"   // by the relay's operator; final
	CodeInviteInvalid    = "invite_invalid"    // no such invitation here
	CodeInviteExpired    = "invite_expired"    //
	CodeInviteUsed       = "invite_used"       // as often as it may be
	CodeNameTaken        = "name_taken"        //
	CodeNameInvalid      = "name_invalid"      // empty, too long, or not printable
	CodeNotFound         = "not_found"         // no such conversation, account or file, or none that you may see
	CodeForbidden        = "forbidden"         // it exists, you may see it, you may not do this
	CodeConflict         = "conflict"          // the id is in use for something else, or another statement came first
	CodeBoxesMissing     = "boxes_missing"     // a statement without a box for somebody who needs one: all go again, then it
	CodeLinkInvalid      = "link_invalid"      // nobody waits for a device with this code, or another one took it
	CodeFileTooLarge     = "file_too_large"    // above the relay's limit for a file
	CodeStorageFull      = "storage_full"      // the relay's disk
	CodeQuotaExceeded    = "quota_exceeded"    // the account's files, or all, take what they may
	CodeFileExpired      = "file_expired"      // it was kept as long as the relay keeps files
	CodeRateLimited      = "rate_limited"      // too many requests; wait
	CodeShuttingDown     = "shutting_down"     // the relay restarts
	CodeInternal         = "internal"          // the relay failed; its log says how
	CodeChecksumMismatch = "checksum_mismatch" // what arrived is not what was sent
)

// Error makes a frame usable as a Go error; the text is the sentence.
func (e *Error) Error() string { return e.Message }

// NewError returns an error frame.
func NewError(code, message string, retry bool) *Error {
	return &Error{Code: code, Message: message, Retry: retry}
}
