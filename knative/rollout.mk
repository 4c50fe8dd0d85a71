# Images and rollouts. The Makefile includes this file. python -m knative.rollout --help describes the commands.
OVERLAY ?= kube-dc
CONTEXT ?=
ENGINE ?= $(firstword $(foreach engine,podman buildah docker,$(if $(shell command -v $(engine)),$(engine))))
IMAGE_PREFIX ?= kube-dc-billing
VERSION ?= $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
FUNCTIONS := $(basename $(notdir $(filter-out %/kustomization.yaml,$(wildcard knative/functions/*.yaml))))
IMAGES ?= $(FUNCTIONS) billing-service page
DIGEST := ^[^ ]+@sha256:[0-9a-f]{64}$$
ROLLOUT = $(DO)$(BIN)/python -m knative.rollout
ROLLOUT_FLAGS = --function "$(FUNCTION)" --overlay "$(OVERLAY)" $(if $(CONTEXT),--context "$(CONTEXT)")

##@ Operate (FUNCTION=a folder of functions/ or page, OVERLAY=kube-dc|local, CONTEXT=)
.PHONY: images
images: ## build an image per function, of the billing service and of the page: make images BASE=...@sha256:... NODE_BASE=...@sha256:... IMAGE_PREFIX=...
	$(DO)[ -n "$(ENGINE)" ] || { echo "no podman, buildah or docker on PATH: install one, or name it with ENGINE=" >&2; exit 1; }
	$(DO)grep -Eq '$(DIGEST)' <<<"$(BASE)" || { echo "BASE is '$(BASE)': it must name an official slim \
	Python image by digest, docker.io/library/python@sha256:... (skopeo inspect docker://docker.io/library/python:3.11-slim)" >&2; exit 1; }
	$(DO)[[ " $(IMAGES) " != *" page "* ]] || grep -Eq '$(DIGEST)' <<<"$(NODE_BASE)" || { echo "NODE_BASE is '$(NODE_BASE)': it must name an official \
	Node.js image by digest, docker.io/library/node@sha256:... (skopeo inspect docker://docker.io/library/node:22-alpine); without the page: \
	IMAGES=\"$(filter-out page,$(IMAGES))\"" >&2; exit 1; }
	$(DO)set -e; for component in $(IMAGES); do \
		case "$(notdir $(ENGINE))" in docker) build="buildx build --provenance=false --output type=docker,rewrite-timestamp=true";; \
			podman) build="build --timestamp 0";; buildah) build="bud --timestamp 0";; \
			*) echo "ENGINE is '$(ENGINE)': it must be podman, buildah or docker" >&2; exit 1;; esac; \
		case $$component in billing-service) name=billing-service;; *) name=billing-$$component;; esac; \
		case $$component in page) from="-f ui/Containerfile --build-arg NODE_IMAGE=$(NODE_BASE)" context=ui;; \
			billing-service) from="-f Containerfile --target billing-service --build-arg BASE=$(BASE) --build-arg COMPONENT=$$component" context=.;; \
			*) from="-f Containerfile --target function --build-arg BASE=$(BASE) --build-arg COMPONENT=$$component" context=.;; esac; \
		echo "building $(IMAGE_PREFIX)/$$name:$(VERSION)"; \
		SOURCE_DATE_EPOCH=0 $(ENGINE) $$build $$from \
			--build-arg VERSION="$(VERSION)" --build-arg REVISION="$$(git rev-parse HEAD)" -t "$(IMAGE_PREFIX)/$$name:$(VERSION)" $$context; \
	done

.PHONY: deploy
deploy: $(INSTALLED) ## deploy a new revision as candidate without traffic: make deploy FUNCTION=overview IMAGE=...@sha256:...
	$(ROLLOUT) deploy $(ROLLOUT_FLAGS) --image "$(IMAGE)"

.PHONY: canary
canary: $(INSTALLED) ## set the candidate's share of the requests: make canary FUNCTION=overview PERCENT=10
	$(ROLLOUT) canary $(ROLLOUT_FLAGS) --percent "$(PERCENT)"

.PHONY: promote
promote: $(INSTALLED) ## give the candidate all requests: make promote FUNCTION=overview
	$(ROLLOUT) promote $(ROLLOUT_FLAGS)

.PHONY: rollback
rollback: $(INSTALLED) ## return to the revision that served before: make rollback FUNCTION=overview
	$(ROLLOUT) rollback $(ROLLOUT_FLAGS)

.PHONY: status
status: $(INSTALLED) ## print revisions, traffic, readiness and pods: make status FUNCTION=overview
	$(ROLLOUT) status $(ROLLOUT_FLAGS)

.PHONY: rollout
rollout: export TOKEN := $(TOKEN)
rollout: $(INSTALLED) ## deploy, probe, 5-25-50-100 % with a gate: IMAGE= TOKEN= NAMESPACE= FOREIGN_NAMESPACE= PROM_URL=
	$(ROLLOUT) rollout $(ROLLOUT_FLAGS) --image "$(IMAGE)" --namespace "$(NAMESPACE)" \
		--foreign-namespace "$(FOREIGN_NAMESPACE)" --prom-url "$(PROM_URL)"

.PHONY: test-cluster
test-cluster: $(INSTALLED) ## test on a real cluster, in separate namespaces: make test-cluster CONTEXT= ... (docs/operations.md)
	$(DO)CONTEXT="$(CONTEXT)" $(BIN)/python -m tests.cluster
