# SPDX-License-Identifier: GPL-2.0-or-later
# Sekisho (関所): one Makefile, no recursion over folders: make sees every file.
#
#   make                 build the daemon and the command in build/release
#   make BUILD=asan      the same with a sanitizer (also: ubsan, debug)
#   sudo make demo       install what is missing, build, show the main job in a lab
#   sudo make check      install what is missing, build, run every test
#   make check-all       check, under release, asan and ubsan
#   make check-unit      unit tests only; no root needed
#   make layers          prove that includes point one way only
#   make lint            clang-tidy, cppcheck, shellcheck, format of the manual pages
#   sudo make bench      the figures of the gate, each beside its yardstick
#   make memory          the unit tests under valgrind
#   make fuzz            every fuzzer for FUZZ_SECONDS (60)
#   make deb             a Debian package, in build/deb (needs debhelper)
#   make install         to DESTDIR, prefix (/usr/local); make uninstall
#   make clean           remove build/
#   make help            this text

# ---- what a packager may set -------------------------------------------
prefix        ?= /usr/local
bindir        ?= $(prefix)/bin
sbindir       ?= $(prefix)/sbin
sysconfdir    ?= /etc
mandir        ?= $(prefix)/share/man
docdir        ?= $(prefix)/share/doc/sekisho
datadir       ?= $(prefix)/share/sekisho
systemdunitdir ?= /lib/systemd/system
sysusersdir   ?= /usr/lib/sysusers.d
tmpfilesdir   ?= /usr/lib/tmpfiles.d
sysctldir     ?= /usr/lib/sysctl.d
DESTDIR       ?=
PKG_CONFIG    ?= pkg-config
INSTALL       ?= install
CLANG         ?= clang
BPFTOOL       ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
BUILD         ?= release
FUZZ_SECONDS  ?= 60
# CC, CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS are the caller's; we only add to them.
# After changing one, "make clean": objects do not remember flags.

# ---- build variants ----------------------------------------------------
flags.release := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
link.release  := -pie -Wl,-z,relro,-z,now
flags.debug   := -O0 -g3
flags.asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address
link.asan     := -fsanitize=address
flags.ubsan   := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
link.ubsan    := -fsanitize=undefined
flags.fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
# libseccomp's macros leave a field to be zero: only clang minds
flags.fuzz    += -Wno-missing-field-initializers
link.fuzz     := -fsanitize=fuzzer,address,undefined

ifeq ($(flags.$(BUILD)),)
$(error BUILD=$(BUILD): say release, debug, asan, ubsan or fuzz)
endif
ifeq ($(BUILD),fuzz)
override CC := $(CLANG)
endif
O := build/$(BUILD)

# ---- libraries: each layer gets only what it may use -------------------
pkgs.rules  := libconfig libsodium
pkgs.kernel := libnftnl libmnl libpcap libbpf
pkgs.agent  := jansson libsystemd libseccomp libcap-ng libzstd zlib
# The live view of the command; nothing that runs as a daemon links it.
pkgs.screen := ncursesw
pkgs        := $(pkgs.rules) $(pkgs.kernel) $(pkgs.agent)

# Goals that compile nothing must work without the -dev packages.
no_build := clean help layers needs demo check deb
ifneq ($(filter-out $(no_build),$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell $(PKG_CONFIG) --exists $(pkgs) $(pkgs.screen) && echo yes),yes)
$(error missing libraries: run "sudo make needs", or see $(PKG_CONFIG) --print-errors --exists $(pkgs) $(pkgs.screen))
endif
pkg_cflags  := $(shell $(PKG_CONFIG) --cflags $(pkgs))
pkg_libs    := $(shell $(PKG_CONFIG) --libs $(pkgs))
screen_cflags := $(shell $(PKG_CONFIG) --cflags $(pkgs.screen))
screen_libs := $(shell $(PKG_CONFIG) --libs $(pkgs.screen))
unit_cflags := $(shell $(PKG_CONFIG) --cflags cunit 2>/dev/null)
unit_libs   := $(shell $(PKG_CONFIG) --libs cunit 2>/dev/null)
endif

warnings := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef \
            -Wcast-align -Wnull-dereference
all_cflags = -std=gnu11 $(warnings) $(flags.$(BUILD)) $(pkg_cflags) $(CFLAGS)
all_cpp    = -I. -I$(O)/gen -D_GNU_SOURCE -MMD -MP $(CPPFLAGS)

# ---- sources -----------------------------------------------------------
# Everything but the two main()s is one archive, so the daemon, the command, the
# tests, the benches and the fuzzers link the very same objects.
mains     := agent/sekishod.c agent/sekisho.c
lib_src   := $(filter-out $(mains) %.bpf.c,$(wildcard rules/*.c kernel-helpers/*.c \
             agent/*.c agent/*/*.c agent/*/*/*.c))
bpf_src   := $(wildcard kernel-helpers/*.bpf.c)
unit_src  := $(wildcard tests/unit/test_*.c)
unit_help := $(filter-out $(unit_src),$(wildcard tests/unit/*.c))
lab_src   := $(wildcard tests/lab/*.c)
bench_src := $(wildcard tests/bench/bench_*.c)
fuzz_src  := $(wildcard tests/fuzz/fuzz_*.c)
corpora_src := $(wildcard tests/corpora/*.c)

objs   = $(patsubst %.c,$(O)/%.o,$(1))
progs  = $(patsubst %.c,$(O)/%,$(1))
lib   := $(O)/libsekisho.a
bins  := $(O)/sekishod $(O)/sekisho
skels := $(patsubst kernel-helpers/%.bpf.c,$(O)/gen/%.skel.h,$(bpf_src))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all tests check check-all check-unit layers lint memory demo bench fuzz needs deb \
        install uninstall clean help

all: $(bins)
# What the tests run, beside the programs themselves.
tests: $(bins) $(call progs,$(unit_src) $(lab_src) $(bench_src) $(corpora_src)) \
       $(O)/tests/lab/fault_shim.so

# ---- rules -------------------------------------------------------------
ifeq ($(V),)
say = @printf '  %-6s %s\n' $(1) $(patsubst $(O)/%,%,$@);
endif

$(O)/%.o: %.c Makefile | $(skels)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(all_cpp) $(all_cflags) $(extra_cflags) -c -o $@ $<

# The kernel filter: compiled for the bpf machine, embedded by its skeleton.
multiarch := $(shell $(CC) -print-multiarch 2>/dev/null)
$(O)/gen/%.bpf.o: kernel-helpers/%.bpf.c $(wildcard kernel-helpers/tap_filter*.h) \
    kernel-helpers/tap_ports.h Makefile
	@mkdir -p $(@D)
	$(call say,BPF)$(CLANG) -O2 -g -Wall -Werror -target bpf -mcpu=v3 -I. -I/usr/include/$(multiarch) \
	  -c -o $@ $<
$(O)/gen/%.skel.h: $(O)/gen/%.bpf.o
	$(call say,SKEL)$(BPFTOOL) gen skeleton $< name $* > $@

# The report's template is part of the program (.incbin).
$(O)/agent/report/report_parts.o: share/report/report.html share/report/report.css

$(lib): $(call objs,$(lib_src))
	$(call say,AR)rm -f $@ && $(AR) rcs $@ $^

link = $(call say,LD)$(CC) $(all_cflags) $(link.$(BUILD)) $(LDFLAGS) -o $@ $^

$(O)/sekishod: $(O)/agent/sekishod.o $(lib)
	$(link) $(pkg_libs) $(LDLIBS)
$(O)/sekisho: $(O)/agent/sekisho.o $(lib)
	$(link) $(pkg_libs) $(screen_libs) $(LDLIBS)
$(O)/agent/top/top_screen.o: extra_cflags = $(screen_cflags)

$(call objs,$(unit_src) $(unit_help)): extra_cflags = $(unit_cflags)
$(call progs,$(unit_src)): %: %.o $(call objs,$(unit_help)) $(lib)
	$(link) $(unit_libs) $(pkg_libs) $(verbs_libs) $(LDLIBS)
# The one that runs all verbs.
$(O)/tests/unit/test_cli_main: verbs_libs = $(screen_libs)
$(call progs,$(bench_src) $(fuzz_src) $(lab_src) $(corpora_src)): %: %.o $(lib)
	$(link) $(pkg_libs) $(LDLIBS)

# Preloaded into the daemon: our warnings but those about what libc declares.
$(O)/tests/lab/fault_shim.so: tests/lab/shim/fault_shim.c Makefile
	@mkdir -p $(@D)
	$(call say,SO)$(CC) -std=gnu11 $(warnings) -Wno-missing-prototypes -O2 -g -fPIC -shared \
	  -D_GNU_SOURCE -o $@ $< -ldl

# ---- checks ------------------------------------------------------------
needs:
	@tests/needs build

# Make has read the libraries' flags before "needs" could install them, so the
# build is a second make.
check:
	@tests/needs check
	@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc)) tests
	@tests/run $(O)

demo:
	@tests/needs demo
	@$(MAKE) --no-print-directory all
	@tests/demo/demo $(O)

check-unit: $(call progs,$(unit_src))
	@for t in $^; do $$t > $$t.log 2>&1; case $$? in 0) echo "PASS $${t##*/}";; \
	  77) echo "SKIP $${t##*/} $$(tail -n 1 $$t.log)";; *) cat $$t.log; exit 1;; esac; done

# rules/ is pure: no kernel, no capture, no daemon. kernel-helpers/ knows rules/
# only. The include lines prove it.
layers:
	@! grep -nE '#include [<"](agent/|kernel-helpers/|libnftnl/|libmnl/|pcap|bpf/|sys/socket|linux/)' rules/*.[ch]
	@! grep -nE '#include "agent/' kernel-helpers/*.[ch]
	@! grep -rnE '#include "tests/' rules kernel-helpers agent
	@echo "PASS layers"

check-all:
	@for b in release asan ubsan; do $(MAKE) --no-print-directory BUILD=$$b check || exit 1; done

lint: $(skels)
	@tests/lint $(O) "-std=gnu11 -I. -I$(O)/gen -D_GNU_SOURCE $(pkg_cflags)"

memory: $(call progs,$(unit_src))
	@tests/memory $(O)

bench: $(bins) $(call progs,$(bench_src) $(lab_src))
	@tests/needs bench
	@tests/bench/run $(O)

ifeq ($(BUILD),fuzz)
fuzz: $(call progs,$(fuzz_src))
	@tests/fuzz/run $(O) $(FUZZ_SECONDS) $(notdir $(call progs,$(fuzz_src)))
else
fuzz:
	@$(MAKE) --no-print-directory BUILD=fuzz fuzz
endif

# ---- package -----------------------------------------------------------
# From a copy of the source, so that dpkg-buildpackage cleans nothing of ours. The copy
# stays, and with it the objects. DEB_SEED: a build folder whose objects it begins with.
deb_src := build/deb/src
deb:
	@rm -rf $(deb_src)/debian
	@mkdir -p $(deb_src)/build/release
	@tar -c --exclude=./build --exclude=./.git . | tar -x -C $(deb_src)
	@[ -z "$(DEB_SEED)" ] || cp -a $(DEB_SEED)/. $(deb_src)/build/release
	@cd $(deb_src) && env -u MAKEFLAGS -u MAKELEVEL -u BUILD dpkg-buildpackage -b -nc -us -uc
	@ls build/deb/*.deb

# ---- install -----------------------------------------------------------
install: all
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(sbindir) $(DESTDIR)$(mandir)/man5 \
	  $(DESTDIR)$(mandir)/man8 $(DESTDIR)$(systemdunitdir) $(DESTDIR)$(sysusersdir) \
	  $(DESTDIR)$(tmpfilesdir) $(DESTDIR)$(sysctldir) $(DESTDIR)$(docdir)/examples
	$(INSTALL) -d -m 0755 $(DESTDIR)$(sysconfdir)/sekisho
	$(INSTALL) -m 0755 $(O)/sekishod $(DESTDIR)$(sbindir)
	$(INSTALL) -m 0755 $(O)/sekisho $(DESTDIR)$(bindir)
	$(INSTALL) -m 0644 $(wildcard docs/man/*.5) $(DESTDIR)$(mandir)/man5
	$(INSTALL) -m 0644 $(wildcard docs/man/*.8) $(DESTDIR)$(mandir)/man8
	cp -R rules/examples/. $(DESTDIR)$(docdir)/examples
	@# what the programs of others are given: rsyslog, Zabbix, Grafana
	$(INSTALL) -d $(addprefix $(DESTDIR)$(datadir)/,$(notdir $(wildcard share/*)))
	for f in share/*/*; do $(INSTALL) -m 0644 $$f $(DESTDIR)$(datadir)/$${f#share/} || exit 1; done
	@# here and not in "all": only now is prefix sure to be the final one
	for u in systemd/*.service.in; do n=$${u##*/}; \
	  sed 's|@SBINDIR@|$(sbindir)|g; s|@BINDIR@|$(bindir)|g; s|@SYSCONFDIR@|$(sysconfdir)|g' $$u \
	    > $(DESTDIR)$(systemdunitdir)/$${n%.in} || exit 1; done
	$(INSTALL) -m 0644 systemd/sekisho.sysusers $(DESTDIR)$(sysusersdir)/sekisho.conf
	$(INSTALL) -m 0644 systemd/sekisho.tmpfiles $(DESTDIR)$(tmpfilesdir)/sekisho.conf
	$(INSTALL) -m 0644 systemd/sekisho.sysctl $(DESTDIR)$(sysctldir)/60-sekisho.conf

# The policy, the log and the running rules stay: an uninstalled guard leaves the gate shut.
uninstall:
	rm -f $(DESTDIR)$(sbindir)/sekishod $(DESTDIR)$(bindir)/sekisho
	rm -f $(addprefix $(DESTDIR)$(mandir)/man5/,$(notdir $(wildcard docs/man/*.5)))
	rm -f $(addprefix $(DESTDIR)$(mandir)/man8/,$(notdir $(wildcard docs/man/*.8)))
	rm -f $(patsubst systemd/%.in,$(DESTDIR)$(systemdunitdir)/%,$(wildcard systemd/*.service.in))
	rm -f $(DESTDIR)$(sysusersdir)/sekisho.conf $(DESTDIR)$(tmpfilesdir)/sekisho.conf
	rm -f $(DESTDIR)$(sysctldir)/60-sekisho.conf
	rm -rf $(DESTDIR)$(docdir) $(DESTDIR)$(datadir)

clean:
	rm -rf build

help:
	@sed -n '3,/^$$/s/^# \{0,1\}//p' Makefile

-include $(shell find $(O) -name '*.d' 2>/dev/null)
