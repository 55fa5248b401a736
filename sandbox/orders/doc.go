// Package orders is the shelf of orders and refunds behind a stand-in whose control API has the shape of control.Platform.
// It knows what is the same everywhere: who has which order, which refund settles when and with what outcome, how an order is
// shown, changed and kept in the books file. What a platform knows beyond that hangs on an order (type O) and on a refund
// (type R) as its own. Beside it lies what JSON platforms read and write alike: flat objects (Flat, JSON) and amounts (Fen).
//
// Nothing in it locks: a stand-in holds its own lock around every call, so that one lock guards one platform's books.
//
// May import: sandbox/control, sandbox/stage and the standard library.
package orders
