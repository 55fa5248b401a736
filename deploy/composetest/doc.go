// Package composetest proves rules of docker-compose.yml and of the Dockerfile. It asks
// the real Docker Compose, which needs no engine to read a file, how it understands ours:
// a rule that holds for its answer holds for what would be started.
//
// It is a module of its own because Docker Compose brings some 190 requirements that
// nothing else here needs.
package composetest
