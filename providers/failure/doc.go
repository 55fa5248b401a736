// Package failure says what is known of a request after an exchange whose answer
// tells nothing by itself: not sent, perhaps arrived, or turned away by whatever
// stands before the platform.
//
// Its one idea is that this is the same at every platform and decides whether
// money can move twice, so that it is written down once. What the platform itself
// says is the providers' own. It imports wire and refund and knows no platform.
package failure
