package telemetry

import (
	"github.com/refundflow/refundflow/activities"
	"github.com/refundflow/refundflow/refund"
)

// subject is whom a step or a workflow is about.
type subject struct {
	// account and provider may stand in a label. They are empty where the configuration
	// does not know the account: its name came from outside, and each new one would be a
	// new series for ever.
	account, provider string
	// named and id are those of the workflow, for log lines and traces.
	named, id string
}

// subjectOf reads the subject off a workflow's id. The accounts may be nil.
func subjectOf(accounts activities.Accounts, workflowID string) subject {
	account, id, ok := refund.ParseWorkflowID(workflowID)
	if !ok {
		return subject{}
	}
	s := accountOf(accounts, account)
	s.named, s.id = account, id
	return s
}

// accountOf is an account without a refund.
func accountOf(accounts activities.Accounts, name string) subject {
	if accounts == nil {
		return subject{}
	}
	account, err := accounts.Account(name)
	if err != nil {
		return subject{}
	}
	return subject{account: name, provider: account.Provider.Rules().Provider}
}

// asked is whom the reconciler's questions are about: the one account of all of them,
// or nobody where there are several.
func asked(accounts activities.Accounts, arguments []any) subject {
	if len(arguments) != 1 {
		return subject{}
	}
	questions, ok := arguments[0].(activities.Questions)
	if !ok || len(questions.Keys) == 0 {
		return subject{}
	}
	for _, key := range questions.Keys {
		if key.Account != questions.Keys[0].Account {
			return subject{}
		}
	}
	return accountOf(accounts, questions.Keys[0].Account)
}

// accounts are those that are watched; nil when nothing is yet.
func (t *Telemetry) accounts() activities.Accounts {
	if w := t.watched.now.Load(); w != nil {
		return w.Accounts
	}
	return nil
}
