package s3

import (
	"errors"

	"github.com/minio/minio-go/v7"

	"satchel/transfer"
)

const noUpload = "NoSuchUpload"

// code is S3's word for what went wrong; "" for what is no answer of a store.
func code(err error) string {
	var e minio.ErrorResponse
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// troubles are the codes of Amazon S3 and of others that speak it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var troubles = map[string]transfer.Trouble{
	"InvalidAccessKeyId":                 transfer.BadSecret,
	"SignatureDoesNotMatch":              transfer.BadSecret,
	"InvalidToken":                       transfer.BadSecret,
	"XAdminUserNotFound":                 transfer.BadSecret, // versitygw
	"ExpiredToken":                       transfer.BadSecret,
	"AccessDenied":                       transfer.NotAllowed,
	"AllAccessDisabled":                  transfer.NotAllowed,
	"AccountProblem":                     transfer.NotAllowed,
	"NoSuchBucket":                       transfer.NoBucket,
	"InvalidBucketName":                  transfer.NoBucket,
	"RequestTimeTooSkewed":               transfer.WrongClock,
	"AuthorizationHeaderMalformed":       transfer.WrongPlace,
	"PermanentRedirect":                  transfer.WrongPlace,
	"TemporaryRedirect":                  transfer.WrongPlace,
	"InvalidRegion":                      transfer.WrongPlace,
	"IllegalLocationConstraintException": transfer.WrongPlace,
	"EntityTooLarge":                     transfer.TooLarge,
	"QuotaExceeded":                      transfer.StoreFull,
	"StorageFull":                        transfer.StoreFull,
	"XMinioStorageFull":                  transfer.StoreFull,
	"XMinioAdminBucketQuotaExceeded":     transfer.StoreFull,
	"SlowDown":                           transfer.StoreBusy,
	"SlowDownWrite":                      transfer.StoreBusy,
	"RequestTimeout":                     transfer.StoreBusy,
	"OperationAborted":                   transfer.StoreBusy,
	"XAmzContentSHA256Mismatch":          transfer.StoreBusy, // arrived otherwise: once more
	"InternalError":                      transfer.StoreBroken,
	// The upload, or parts of it, changed under way: the next attempt sees that.
	noUpload:      transfer.StoreBusy,
	"InvalidPart": transfer.StoreBusy,
}

// explain gives a store's refusal its sentence; what is none stays as it is.
func explain(err error) error {
	var e minio.ErrorResponse
	if !errors.As(err, &e) || errors.As(err, new(*transfer.Error)) {
		return err
	}
	if t, ok := troubles[e.Code]; ok {
		return t.Error(err)
	}
	if t, ok := transfer.TroubleOf(e.StatusCode); ok {
		return t.Error(err)
	}
	return transfer.Refusal.Error(err)
}
