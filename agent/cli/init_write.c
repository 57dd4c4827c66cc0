/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a first policy. Comments stand in both languages, whoever reads it later.
 * Examples begin with "#|": without that mark the file still is a policy.
 */
#include "agent/cli/init_model.h"

#include "rules/address.h"

#include <string.h>

#define EVERY	(INIT_ALPHA | INIT_ALPHA_PRIME | INIT_BETA | INIT_BETA_PRIME | INIT_MEDIA_ONLY)
#define LINKED	(EVERY & ~INIT_MEDIA_ONLY)	/* zones that are joined by any wire */
#define ALPHAS	(INIT_ALPHA | INIT_ALPHA_PRIME)
#define BETAS	(INIT_BETA | INIT_BETA_PRIME)

static const struct {
	const char *word;
	enum init_model model;
	const char *ja, *en;
} models[] = {
	{ "alpha", INIT_ALPHA,
	  "αモデル: 業務端末はLGWAN接続系。インターネットへは画面転送と無害化だけ。",
	  "alpha: terminals in the LGWAN zone; the internet by screen transfer and sanitising." },
	{ "alpha_prime", INIT_ALPHA_PRIME,
	  "α´モデル: αに加え、承認済みクラウドだけへのローカルブレイクアウト。",
	  "alpha': as alpha, and a local breakout to approved clouds only." },
	{ "beta", INIT_BETA,
	  "βモデル: 業務端末はインターネット接続系。LGWAN接続系へは画面転送と無害化だけ。",
	  "beta: terminals in the internet zone; LGWAN by screen transfer and sanitising." },
	{ "beta_prime", INIT_BETA_PRIME,
	  "β´モデル: βに加え、業務システムもインターネット接続系。マイナンバー利用事務系とは通さない。",
	  "beta': as beta, with business systems in the internet zone; never joined to "
	  "mynumber." },
	{ "media_only", INIT_MEDIA_ONLY,
	  "媒体のみ: 領域間の通信は一切なし。受け渡しは許可された媒体で行う。",
	  "media only: nothing between zones; data is carried on approved media." },
};

static const struct {
	const char *name, *zone_class, *label;
} zones[] = {
	{ "mynumber", "mynumber", "マイナンバー利用事務系" },
	{ "lgwan", "lgwan", "LGWAN接続系" },
	{ "intra", "intra", "内部情報系" },
	{ "internet", "internet", "インターネット接続系" },
	{ "relay", "relay", "無害化・中継セグメント" },
	{ "mgmt", "mgmt", "運用管理系" },
	{ "dev", "dev", "開発・検証系" },
	{ "dmz", "dmz", "公開系" },
	{ "guest", "guest", "来庁者Wi-Fi等" },
};

/* A host of the examples; its address: number "at" of the zone's first network. */
static const struct host {
	unsigned int model;
	const char *name, *zone, *roles, *label;
	unsigned int at;
} hosts[] = {
	{ LINKED, "mn-link", "mynumber", "\"renkei\"", "連携サーバ", 2 },
	{ LINKED, "lg-file", "lgwan", "\"relay_file\"", "ファイル受渡サーバ", 2 },
	{ LINKED, "lg-mail", "lgwan", NULL, "庁内メールサーバ", 3 },
	{ ALPHAS, "lg-screen", "lgwan", "\"screen_transfer\"", "画面転送ゲートウェイ", 4 },
	{ INIT_ALPHA_PRIME, "lg-proxy", "lgwan", "\"lbo_proxy\"", "LBOプロキシ", 5 },
	{ BETAS, "lg-sanitise", "lgwan", "\"file_sanitize\"", "ファイル無害化", 6 },
	{ BETAS, "lg-systems", "lgwan", NULL, "LGWAN側の業務システム", 7 },
	{ ALPHAS, "in-vdi", "internet", NULL, "仮想ブラウザ", 2 },
	{ LINKED, "in-mail", "internet", "\"mail_text\"", "メール無害化", 3 },
	{ BETAS, "in-screen", "internet", "\"screen_transfer\"", "画面転送ゲートウェイ", 4 },
	{ BETAS, "in-share", "internet", NULL, "ファイルサーバ", 5 },
	{ EVERY, "admin", "mgmt", NULL, "管理端末", 2 },
};

/* from and to: hosts above, "self", or zones; need: both zones must be there. */
static const struct permit {
	unsigned int model;
	const char *need[2], *from, *to, *service, *purpose, *comment;
} permits[] = {
	{ EVERY, { "mgmt", "mgmt" }, "admin", "self", "ssh", "この装置の保守",
	  "The gateway's own maintenance." },
	{ LINKED, { "mynumber", "lgwan" }, "mn-link", "lg-file", "https",
	  "承認済みファイルの取得（マイナンバー側からのPULL）",
	  "Approved files, fetched from the mynumber side." },
	{ ALPHAS, { "lgwan", "internet" }, "lg-screen", "in-vdi", "https",
	  "画面転送（仮想ブラウザの表示）", "Screen transfer: the virtual browser's picture." },
	{ LINKED, { "internet", "lgwan" }, "in-mail", "lg-mail", "smtp",
	  "無害化済みメールの受け渡し", "Mail, sanitised to its text." },
	{ INIT_ALPHA_PRIME, { "lgwan", "ext_lbo" }, "lg-proxy", "ext_lbo", "https",
	  "承認済みクラウドの利用（ローカルブレイクアウト）",
	  "Approved clouds, through the proxy that knows them by name." },
	{ BETAS, { "internet", "lgwan" }, "in-screen", "lg-systems", "https",
	  "LGWAN側の業務システムの利用（画面転送）", "Systems in LGWAN, by screen transfer." },
	{ BETAS, { "lgwan", "internet" }, "lg-sanitise", "in-share", "https",
	  "承認済みファイルの受け渡し（無害化）", "Approved files, sanitised." },
};

bool
init_model_parse(const char *word, struct init_policy *p)
{
	char plain[32];

	snprintf(plain, sizeof(plain), "%s", word);
	for (char *c = plain; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (strcmp(plain, models[i].word) == 0) {
			p->model = models[i].model;
			p->model_word = models[i].word;
			return true;
		}
	return false;
}

/* What stands in the policy as a name: letters, digits, "_". */
static bool
good_name(const char *name)
{
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

bool
init_zone(const char *name, const char **zone_class, const char **label)
{
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (strcmp(name, zones[i].name) == 0) {
			*zone_class = zones[i].zone_class;
			*label = zones[i].label;
			return true;
		}
	*zone_class = "external";
	*label = "外部接続";
	return strncmp(name, "ext_", 4) == 0 && name[4] != '\0' && good_name(name);
}

static const struct init_segment *
find_zone(const struct init_policy *p, const char *zone)
{
	for (size_t n = 0; n < p->n_segments; n++)
		if (strcmp(p->segments[n].zone, zone) == 0)
			return &p->segments[n];
	return NULL;
}

static void
write_head(const struct init_policy *p, FILE *out)
{
	const char *ja = "", *en = "";

	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (models[i].model == p->model) {
			ja = models[i].ja;
			en = models[i].en;
		}
	fprintf(out, "# 方針（ポリシー）。ここに書いたものだけが通る。今は領域の間を何も通さない。\n"
	    "# The policy: only what stands here passes. As it is, nothing does between zones.\n"
	    "# %s\n# %s\n#\n"
	    "#   1. 領域の網とアドレスを確かめる          check the networks of the zones\n"
	    "#   2. 「#|」の例を自庁に合わせ、印を外す    adapt the examples, take off \"#|\"\n"
	    "#   3. sekisho check -f FILE                 誤りを「ファイル:行」で / findings\n"
	    "#   4. sekisho plan -f FILE                  何が変わるか / what would change\n"
	    "#   5. sekisho apply --confirm 120           適用し、確認する / apply, then confirm\n"
	    "schema = 1;\n\n"
	    "site = { name = \"（団体名）\"; gateway = \"gw1\"; model = \"%s\"; };\n",
	    ja, en, p->model_word);
}

static void
write_networks(const struct init_segment *s, FILE *out)
{
	char text[IP_RANGE_TEXT_SIZE];

	fputs("      networks = [", out);
	for (size_t n = 0; n < s->n_networks; n++) {
		struct ip_range r = address_prefix_range(&s->networks[n]);

		fprintf(out, "%s \"%s\"", n > 0 ? "," : "", address_print_range(&r, text));
	}
	fputs(" ];\n      gateway  = [", out);
	for (size_t n = 0; n < s->n_networks; n++)
		fprintf(out, "%s \"%s\"", n > 0 ? "," : "", address_print(&s->own[n], text));
	fputs(" ]; }", out);
}

/* All segments of the zone that "first" is the first one of. */
static void
write_zone(const struct init_policy *p, const struct init_segment *first, FILE *out)
{
	const char *zone_class = "", *label = "", *between = "";

	(void)init_zone(first->zone, &zone_class, &label);
	fprintf(out, "  { name = \"%s\"; class = \"%s\"; label = \"%s\";\n    segments = (",
	    first->zone, zone_class, label);
	for (size_t n = 0; n < p->n_segments; n++) {
		const struct init_segment *s = &p->segments[n];

		if (strcmp(s->zone, first->zone) != 0)
			continue;
		fprintf(out, "%s\n", between);
		if (s->guessed)
			fputs("      # 要変更: この網は例示用。 Change: these are examples.\n", out);
		fprintf(out, "    { interface = \"%s\";\n", s->interface);
		write_networks(s, out);
		between = ",";
	}
	fputs(" ); }", out);
}

static void
write_zones(const struct init_policy *p, FILE *out)
{
	fputs("\n# ---- 領域 / zones -----------------------------------------------------------\n"
	    "# segments の1つがインターフェース1つ。networks にない送信元は詐称として止める。\n"
	    "# One segment, one interface. A source outside its networks is stopped as forged.\n"
	    "zones = (\n", out);
	for (size_t n = 0; n < p->n_segments; n++) {
		if (find_zone(p, p->segments[n].zone) != &p->segments[n])
			continue;
		if (n > 0)
			fputs(",\n", out);
		write_zone(p, &p->segments[n], out);
	}
	fputs("\n);\n", out);
}

static void
write_host(const struct init_policy *p, const struct host *h, const char *comma, FILE *out)
{
	const struct init_segment *s = find_zone(p, h->zone);
	char text[IP_RANGE_TEXT_SIZE];
	struct ip_addr a;

	if (s == NULL)
		return;
	a = s->networks[0].base;
	a.value += h->at;
	fprintf(out, "#|  { name = \"%s\"; zone = \"%s\"; label = \"%s\";", h->name, h->zone,
	    h->label);
	if (h->roles != NULL)
		fprintf(out, " roles = [ %s ];", h->roles);
	fprintf(out, "\n#|    addresses = [ \"%s\" ]; }%s\n", address_print(&a, text), comma);
}

static void
write_hosts(const struct init_policy *p, FILE *out)
{
	const struct host *last = NULL;

	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1 && last == NULL)
			return;
		if (pass == 1)
			fputs("\n# ---- ホスト / hosts ---------------------------------------------"
			    "-------------\n"
			    "# mac = \"..\"; を書くと、その機器からしか送れない。 With a mac: only "
			    "from that card.\n"
			    "#|hosts = (\n", out);
		for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
			if ((hosts[i].model & p->model) == 0 ||
			    find_zone(p, hosts[i].zone) == NULL)
				continue;
			if (pass == 0)
				last = &hosts[i];
			else
				write_host(p, &hosts[i], &hosts[i] == last ? "" : ",", out);
		}
	}
	fputs("#|);\n", out);
}

static bool
wanted(const struct init_policy *p, const struct permit *x)
{
	return (x->model & p->model) != 0 && find_zone(p, x->need[0]) != NULL &&
	    find_zone(p, x->need[1]) != NULL;
}

static void
write_permit(const struct permit *x, unsigned int number, const char *comma, FILE *out)
{
	fprintf(out, "#|  # %s\n#|  { id = \"T%03u\"; from = [ \"%s\" ]; to = [ \"%s\" ]; "
	    "services = [ \"%s\" ];\n#|    purpose = \"%s\";\n"
	    "#|    request = \"（申請番号）\"; approved_by = \"（承認者）\"; }%s\n", x->comment,
	    number, x->from, x->to, x->service, x->purpose, comma);
}

static void
write_permits(const struct init_policy *p, FILE *out)
{
	const struct permit *last = NULL;
	unsigned int number = 0;

	fputs("\n# ---- サービス / services ----------------------------------------------------"
	    "\nservices = (\n"
	    "  { name = \"https\"; protocol = \"tcp\"; ports = [ \"443\" ]; },\n"
	    "  { name = \"smtp\";  protocol = \"tcp\"; ports = [ \"25\" ]; },\n"
	    "  { name = \"ssh\";   protocol = \"tcp\"; ports = [ \"22\" ]; }\n);\n"
	    "\n# ---- 特定通信 / permits ------------------------------------------------------"
	    "\n# 始める向きだけを書く。返事は通る。 Only the opening direction; replies pass.\n",
	    out);
	for (size_t i = 0; i < sizeof(permits) / sizeof(permits[0]); i++)
		if (wanted(p, &permits[i]))
			last = &permits[i];
	if (last == NULL) {
		fputs("# 例はない。 There is no example.\npermits = ( );\n", out);
		return;
	}
	fputs("# valid_until = \"2027-03-31\"; で期限を付けられる。 ...ends by itself.\n"
	    "permits = (\n", out);
	for (size_t i = 0; i < sizeof(permits) / sizeof(permits[0]); i++)
		if (wanted(p, &permits[i]))
			write_permit(&permits[i], ++number, &permits[i] == last ? "" : ",", out);
	fputs(");\n", out);
}

void
init_write(const struct init_policy *p, FILE *out)
{
	write_head(p, out);
	write_zones(p, out);
	write_hosts(p, out);
	write_permits(p, out);
}
