package baidu

import "github.com/refundflow/refundflow/providers"

// The same digit means different things in Baidu's messages: 2 is "succeeded" in
// both queries and "failed" in the notification (§7). So every message has its
// own type, and none is ever converted into another. A number that is not
// listed is unknown, never failed.

// notificationStatus is refundStatus of the refund notification (§6.2).
type notificationStatus int64

const (
	notificationSucceeded notificationStatus = 1
	notificationFailed    notificationStatus = 2
)

func (s notificationStatus) result() providers.ResultState {
	switch s {
	case notificationSucceeded:
		return providers.ResultSucceeded
	case notificationFailed:
		return providers.ResultFailed
	}
	return providers.ResultUnknown
}

// batchStatus is refundStatus of one refund in findOrderRefund (§5).
type batchStatus int64

const (
	batchProcessing batchStatus = 1
	batchSucceeded  batchStatus = 2
	batchFailed     batchStatus = 3
)

func (s batchStatus) result() providers.ResultState {
	switch s {
	case batchProcessing:
		return providers.ResultProcessing
	case batchSucceeded:
		return providers.ResultSucceeded
	case batchFailed:
		return providers.ResultFailed
	}
	return providers.ResultUnknown
}

// orderRefundStatus is refundStatus of a whole order in queryorderdetail (§4.3).
type orderRefundStatus int64

const (
	orderRefundNone       orderRefundStatus = -1
	orderRefundProcessing orderRefundStatus = 1
	orderRefundSucceeded  orderRefundStatus = 2
	orderRefundFailed     orderRefundStatus = 9
)

func (s orderRefundStatus) result() providers.ResultState {
	switch s {
	case orderRefundNone:
		return providers.ResultAbsent
	case orderRefundProcessing:
		return providers.ResultProcessing
	case orderRefundSucceeded:
		return providers.ResultSucceeded
	case orderRefundFailed:
		return providers.ResultFailed
	}
	return providers.ResultUnknown
}

// payStatus of queryorderdetail (§4.3).
type payStatus int64

const (
	payUnpaid payStatus = -1
	payPaid   payStatus = 1
)

// paid reports the answer and whether there is one.
func (s payStatus) paid() (yes, known bool) { return s == payPaid, s == payPaid || s == payUnpaid }

// verification of queryorderdetail (§4.3).
type verification int64

const (
	verificationNone verification = -1
	verificationDone verification = 1
)

// verified reports the answer and whether there is one.
func (s verification) verified() (yes, known bool) {
	return s == verificationDone, s == verificationDone || s == verificationNone
}
