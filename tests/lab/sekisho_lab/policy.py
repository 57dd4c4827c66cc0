# SPDX-License-Identifier: GPL-2.0-or-later
"""Small policies for the numbered tests: zones za, zb, zc with IPv4 and IPv6."""

ZONES = ("za", "zb", "zc")
CONTROL_PORT = 7777     # UDP a -> b: the positive control that every policy permits

# zone -> number in 10.N.0.0/24 and 2001:db8:N::/64; segment index = N - 1
NUMBER = {"za": 1, "zb": 2, "zc": 3}


def a4(n, host):
    return (10 << 24) + (n << 16) + host


def a6(n, host):
    return (0x20010db8 << 96) + (n << 80) + host


def addr(family, zone, host):
    """Address number "host" of a zone; host 1 is the gateway's own."""
    return (a4 if family == 4 else a6)(NUMBER[zone], host)


def _zone(name):
    n = NUMBER[name]
    return ('  { name = "%s"; class = "intra"; segments = ( { interface = "%s0";\n'
            '    networks = [ "10.%d.0.0/24", "2001:db8:%d::/64" ];\n'
            '    gateway = [ "10.%d.0.1", "2001:db8:%d::1" ]; } ); }' % (name, name, n, n, n, n))


def _host(name, zone, number, mac=None):
    n = NUMBER[zone]
    return ('  { name = "%s"; zone = "%s"; addresses = [ "10.%d.0.%d", "2001:db8:%d::%x" ];%s }'
            % (name, zone, n, number, n, number, ' mac = "%s";' % mac if mac else ""))


HOSTS = [_host("a", "za", 2), _host("a2", "za", 3), _host("b", "zb", 2), _host("b2", "zb", 3),
         _host("c", "zc", 2)]


def service(name, protocol, ports=None, source_ports=None, types=None):
    text = '  { name = "%s"; protocol = "%s";' % (name, protocol)
    for key, words in (("ports", ports), ("source_ports", source_ports), ("types", types)):
        if words:
            text += " %s = %s;" % (key, _words(words))
    return text + " }"


def _words(words):
    return "[ " + ", ".join('"%s"' % w for w in words) + " ]"


def permit(id_, from_, to, services, **more):
    text = '  { id = "%s"; from = %s; to = %s; services = %s; purpose = "test"; ' \
        'request = "R8-0001"; approved_by = "tester";' % (id_, _words(from_), _words(to),
                                                         _words(services))
    for key, value in more.items():
        text += " %s = %s;" % (key, value if value in ("true", "false") else '"%s"' % value)
    return text + " }"


def build(permits=(), services=(), hosts=(), extra=""):
    """A whole policy; the control permit CTL always stands first."""
    services = [service("control", "udp", [CONTROL_PORT]), *services]
    permits = [permit("CTL", ["a"], ["b"], ["control"]), *permits]
    return "schema = 1;\nzones = (\n%s\n);\nhosts = (\n%s\n);\nservices = (\n%s\n);\n" \
        "permits = (\n%s\n);\n%s" % (
            ",\n".join(_zone(z) for z in ZONES), ",\n".join([*HOSTS, *hosts]),
            ",\n".join(services), ",\n".join(permits), extra)


def permit_all(extra_services=()):
    """Every zone to every other, every protocol: what must be dropped all the same?"""
    permits = [permit("ALL%s%s" % (x, y), [x], [y], ["everything"])
               for x in ZONES for y in ZONES if x != y]
    return build(permits, [service("everything", "any"), *extra_services])
