package service

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/refundflow/refundflow/workflows"
)

// RegisterSearchAttributes makes the namespace know the attributes of refunds,
// or says what is in the way. An unknown attribute would not fail a workflow:
// it would block its every task without a word.
func RegisterSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	operator := c.OperatorService()
	known, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	var unknown *serviceerror.NamespaceNotFound
	if errors.As(err, &unknown) {
		return fmt.Errorf("temporal.namespace %s: %w (make it with: worker setup)", namespace, err)
	}
	if err != nil {
		return fmt.Errorf("search attributes cannot be listed: %w", err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name, wanted := range workflows.SearchAttributes() {
		switch got, ok := known.GetCustomAttributes()[name]; {
		case !ok:
			missing[name] = wanted
		case got != wanted:
			return fmt.Errorf("search attribute %s is registered as %s in namespace %s, wanted is %s: remove or rename it there",
				name, got, namespace, wanted)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: missing,
	})
	var exists *serviceerror.AlreadyExists // another worker was faster
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("search attributes cannot be registered: %w", err)
	}
	return nil
}
