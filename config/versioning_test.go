package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestVersioningIsOffUntilABuildHasAName(t *testing.T) {
	c, err := Parse([]byte(smallest), ".")
	require.NoError(t, err)
	require.Nil(t, c.Versioning)

	c, err = Parse([]byte("versioning: {deployment: refundflow, build_id: v1.4.0+3}\n"+smallest), ".")
	require.NoError(t, err)
	require.Equal(t, &Versioning{Deployment: "refundflow", BuildID: "v1.4.0+3", Behavior: Pinned}, c.Versioning)

	for wrong, document := range map[string]string{
		"versioning.deployment: want":     "{build_id: a}",
		"versioning.build_id: want":       "{deployment: a}",
		"versioning.behavior: want":       "{deployment: a, build_id: b, behavior: loose}",
		"versioning.build_id: want text":  "{deployment: a, build_id: 20261122}", // 1e5 would be another build than 100000
		"versioning.deployment: want a n": "{deployment: a.b, build_id: c}",
	} {
		_, err := Parse([]byte("versioning: "+document+"\n"+smallest), ".")
		require.ErrorContains(t, err, wrong, document)
	}
}

func TestTheBooksAreComparedUnlessTurnedOff(t *testing.T) {
	for document, want := range map[string]Reconcile{
		"":                                {Every: 15 * time.Minute, EndedWithin: 72 * time.Hour},
		"reconcile: {}\n":                 {Every: 15 * time.Minute, EndedWithin: 72 * time.Hour},
		"reconcile: {every: 1h}\n":        {Every: time.Hour, EndedWithin: 72 * time.Hour},
		"reconcile: {every: 0s}\n":        {EndedWithin: 72 * time.Hour},
		"reconcile: {ended_within: 0s}\n": {Every: 15 * time.Minute},
		"reconcile: {every: 1s, ended_within: 1s}\n": {Every: time.Second, EndedWithin: time.Second},
	} {
		c, err := Parse([]byte(document+smallest), ".")
		require.NoError(t, err, document)
		require.Equal(t, want, c.Reconcile, document)
	}
	for wrong, document := range map[string]string{
		"reconcile.every: want at least 1s":     "{every: 1ms}",
		"reconcile.ended_within: want a time":   "{ended_within: -1h}",
		"reconcile.every: want a duration such": "{every: 15}",
	} {
		_, err := Parse([]byte("reconcile: "+document+"\n"+smallest), ".")
		require.ErrorContains(t, err, wrong, document)
	}
}
