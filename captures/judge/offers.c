/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each SYN-ACK that is sent is compared with what it is to offer, field by field, and a difference
 * is told with what the field follows from. Whether it belongs to a request or carries a cookie,
 * the next sample says: until then the first one waits.
 */
#include "captures/judge/terms.h"

#include <netinet/in.h>
#include <string.h>

/* ---- why ----------------------------------------------------------------------------------- */

static int family_of(const struct judge *judge)
{
	return judge->ipv6 ? AF_INET6 : AF_INET;
}

/* "tcp_sack 1"; the caller frees it. */
static char *setting_words(const struct judge *judge, enum setting setting)
{
	const char *words = judge_setting_name(setting, family_of(judge));

	if (strncmp(words, "net.ipv4.", strlen("net.ipv4.")) == 0)
		words += strlen("net.ipv4.");
	return format("%s %ld", words, judge->settings[setting]);
}

static char *option_words(const struct judge *judge, const struct flow_book *flow,
			  enum listener_option option)
{
	return format("%s %ld", judge_option_name(option, family_of(judge)),
		      listener_of(judge, flow)->options[option]);
}

static bool chosen(const struct judge *judge, const struct flow_book *flow,
		   enum listener_option option)
{
	return listener_of(judge, flow)->options[option] != 0;
}

static char *why_mss(const struct judge *judge, const struct flow_book *flow)
{
	if (offered_mss(judge, flow) != advertised_mss(judge, flow))
		return option_words(judge, flow, OPTION_MAXSEG);
	return setting_words(judge, judge->settings[ROUTE_ADVMSS] ? ROUTE_ADVMSS
				    : judge->settings[ROUTE_MTU]  ? ROUTE_MTU
								  : DEVICE_MTU);
}

static char *why_window(const struct judge *judge, const struct flow_book *flow)
{
	struct room room = room_for(judge, flow, flow->terms.timestamps);

	return format("a buffer of %ld has room for %ld, in segments of %ld",
		      buffer_of(judge, listener_of(judge, flow)), room.space, room.mss);
}

/* What an option depends on: the SYN, a sysctl, and whether there is a request. */
static char *why_option(const struct judge *judge, const struct flow_book *flow,
			enum setting setting)
{
	autofree char *words = setting_words(judge, setting);
	bool no_room = flow->terms.cookie && !flow->terms.timestamps;

	return format("%s%s", words, no_room ? ", and a cookie without timestamps" : "");
}

static char *why_scale(const struct judge *judge, const struct flow_book *flow)
{
	struct room room = room_for(judge, flow, flow->terms.timestamps);
	enum setting most = judge->settings[RMEM_MAX] > judge->settings[TCP_RMEM_MOST]
				    ? RMEM_MAX
				    : TCP_RMEM_MOST;

	if (!flow->terms.scales)
		return why_option(judge, flow, TCP_WINDOW_SCALING);
	if (room.clamp && room.clamp < judge->settings[most])
		return format("its window is clamped to %ld", room.clamp);
	return setting_words(judge, most);
}

static char *why_ttl(const struct judge *judge, const struct flow_book *flow)
{
	if (chosen(judge, flow, OPTION_TTL))
		return option_words(judge, flow, OPTION_TTL);
	return setting_words(judge, judge->settings[ROUTE_HOPLIMIT] ? ROUTE_HOPLIMIT : DEFAULT_TTL);
}

static char *why_tos(const struct judge *judge, const struct flow_book *flow)
{
	autofree char *option = option_words(judge, flow, OPTION_TOS);
	autofree char *sysctl = setting_words(judge, REFLECT_TOS);

	return format("%s, %s", option, sysctl);
}

static char *why_sack(const struct judge *judge, const struct flow_book *flow)
{
	return why_option(judge, flow, TCP_SACK);
}

static char *why_timestamps(const struct judge *judge, const struct flow_book *flow)
{
	return why_option(judge, flow, TCP_TIMESTAMPS);
}

static char *why_ecn(const struct judge *judge, const struct flow_book *flow)
{
	return why_option(judge, flow, TCP_ECN);
}

static char *why_echo(const struct judge *judge, const struct flow_book *flow)
{
	(void)flow;
	return format("%s", judge->settings[ECHOES_THE_SYN] ? "that of the SYN"
							    : "the last that was in order");
}

static char *why_header(const struct judge *judge, const struct flow_book *flow)
{
	(void)judge;
	(void)flow;
	return format("with these options, and no others");
}

/* ---- the two compared ---------------------------------------------------------------------- */

struct field {
	const char *name;
	long observed, expected;
	bool answer; /* yes or no */
	char *(*why)(const struct judge *judge, const struct flow_book *flow);
};

static char *value_words(const struct field *field, long value)
{
	if (field->answer)
		return format("%s", value ? "yes" : "no");
	return value < 0 ? format("none") : format("%ld", value);
}

static char *objection(const struct judge *judge, const struct flow_book *flow,
		       const struct field *field)
{
	autofree char *observed = value_words(field, field->observed);
	autofree char *expected = value_words(field, field->expected);
	autofree char *why = field->why(judge, flow);

	return format("SYN-ACK of %s offers %s%s %s, expected %s (%s)", flow->name, field->name,
		      field->answer ? ":" : "", observed, expected, why);
}

static void compare(struct judge *judge, struct culprit culprit, const struct flow_book *flow,
		    const struct segment *seen)
{
	struct segment due = offered(judge, flow);
	const struct field fields[] = {
		{ "MSS", seen->mss, due.mss, false, why_mss },
		{ "timestamps", seen->timestamps, due.timestamps, true, why_timestamps },
		{ "SACK", seen->sack_permitted, due.sack_permitted, true, why_sack },
		{ "window scale", seen->window_scale, due.window_scale, false, why_scale },
		{ "window", seen->window, due.window, false, why_window },
		{ "echo of timestamp", seen->tsecr, due.tsecr, false, why_echo },
		{ "ECN", !!(seen->flags & ECE), !!(due.flags & ECE), true, why_ecn },
		{ "CWR", !!(seen->flags & CWR), 0, true, why_ecn },
		{ "reserved bits", seen->reserved, 0, false, why_ecn },
		{ judge->ipv6 ? "hop limit" : "TTL", seen->ttl, due.ttl, false, why_ttl },
		{ judge->ipv6 ? "traffic class" : "TOS", seen->tos, due.tos, false, why_tos },
		{ "header of bytes", seen->header, due.header, false, why_header },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(fields) && !judge->found; i++)
		if (fields[i].observed != fields[i].expected)
			judge_object_to(judge, culprit, objection(judge, flow, &fields[i]));
}

/* Of what was learnt of a way nobody asks where nothing was. */
static bool must_be_told(const struct judge *judge, const struct flow_book *flow, int setting)
{
	return setting != OFFERS_WHAT_IS_LEARNT || judge->flows[flow->host].path_mtu;
}

/* Objects where the journal has not told of what the rules ask for. */
static bool all_is_told(struct judge *judge, const struct flow_book *flow, struct culprit culprit)
{
	for (int i = 0; i < SETTINGS; i++)
		if (!judge->told[i] && must_be_told(judge, flow, i)) {
			judge_object_to(judge, culprit,
					format("the journal does not tell the server's %s, from "
					       "which a SYN-ACK follows",
					       judge_setting_name((size_t)i, AF_INET)));
			return false;
		}
	return true;
}

static void judge_offer(struct judge *judge, struct culprit culprit, const struct flow_book *flow,
			const struct segment *seen)
{
	if (judge->found || !listener_of(judge, flow) || !all_is_told(judge, flow, culprit))
		return;
	if (!flow->terms.known)
		judge_object_to(
			judge, culprit,
			format("SYN-ACK of %s, and no SYN has come to the server", flow->name));
	else
		compare(judge, culprit, flow, seen);
}

void check_offer(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	struct culprit culprit = { event->seq, event->packet };

	/* of a second one before the sample nobody knows more than of the first */
	if (is_request(flow) || flow->offer_event.seq) {
		judge_offer(judge, culprit, flow, &event->segment);
		return;
	}
	flow->offer = event->segment;
	flow->offer_event = culprit;
	flow->next_offer = judge->first_offer;
	judge->first_offer = event->flow;
}

void close_offers(struct judge *judge)
{
	while (judge->first_offer) {
		struct flow_book *flow = &judge->flows[judge->first_offer];

		judge->first_offer = flow->next_offer;
		if (!is_request(flow))
			keep_in_cookie(judge, flow);
		judge_offer(judge, flow->offer_event, flow, &flow->offer);
		flow->offer_event = (struct culprit){ 0 };
	}
}
