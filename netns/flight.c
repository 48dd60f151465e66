/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flight.c: the frames that are inside netem. Nothing is put into a frame to know it again when
 * it comes out: it is found by its bytes.
 */
#include "netns/internal.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* ---- how many are there -------------------------------------------------------------------- */

struct count {
	int index[2]; /* of the interfaces asked about */
	unsigned frames;
};

static int count_queue(const struct nlattr *attribute, void *data)
{
	struct count *count = data;
	struct gnet_stats_queue queue;

	if (mnl_attr_get_type(attribute) != TCA_STATS_QUEUE ||
	    mnl_attr_get_payload_len(attribute) < sizeof(queue))
		return MNL_CB_OK;
	memcpy(&queue, mnl_attr_get_payload(attribute), sizeof(queue));
	count->frames += queue.qlen;
	return MNL_CB_OK;
}

static int count_attribute(const struct nlattr *attribute, void *data)
{
	if (mnl_attr_get_type(attribute) != TCA_STATS2)
		return MNL_CB_OK;
	return mnl_attr_parse_nested(attribute, count_queue, data);
}

static int count_discipline(const struct nlmsghdr *header, void *data)
{
	const struct tcmsg *about = mnl_nlmsg_get_payload(header);
	const struct count *count = data;
	bool asked = about->tcm_ifindex == count->index[0] || about->tcm_ifindex == count->index[1];

	if (header->nlmsg_type != RTM_NEWQDISC || !asked || about->tcm_parent != TC_H_ROOT)
		return MNL_CB_OK;
	return mnl_attr_parse(header, sizeof(*about), count_attribute, data);
}

/* Frames inside the queueing disciplines of both inner ends, or of one (@end). */
static unsigned queued(struct gate *gate, int end)
{
	struct count count = { .index = { gate->index[end < 0 ? N0 : end],
					  gate->index[end < 0 ? N1 : end] } };
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	int error = EINTR;

	request->nlmsg_type = RTM_GETQDISC;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = (uint32_t)clock_now();
	mnl_nlmsg_put_extra_header(request, sizeof(struct tcmsg));
	for (int again = 0; error == EINTR && again < NETLINK_ATTEMPTS; again++) {
		count.frames = 0;
		error = netlink_ask(gate->netlink, request, count_discipline, &count);
	}
	if (error)
		broken("cannot list the queues of the wire: %s", netlink_problem(error));
	return count.frames;
}

/* ---- which frame is it --------------------------------------------------------------------- */

static bool waits_at(const struct gate *gate, enum wire_end end)
{
	const struct kept_frame *kept = TAILQ_FIRST(&gate->waiting);

	while (kept && kept->end != end)
		kept = TAILQ_NEXT(kept, entry);
	return kept;
}

/* Nothing in the queue, nor on its way from there to the gate's hands. */
static bool nothing_flies(struct gate *gate, enum host from)
{
	if (queued(gate, from == CLIENT ? N0 : N1))
		return false;
	gate_settle(gate);
	return !waits_at(gate, from == CLIENT ? N1 : N0);
}

void flight_add(struct gate *gate, struct frame *frame)
{
	struct kept_frames *flying = &gate->flying[frame->from];

	/* What has not come out by then is lost: the same bytes may come again. */
	if (!TAILQ_EMPTY(flying) && nothing_flies(gate, frame->from))
		frames_forget(flying);
	(void)frames_keep(flying, frame);
}

static size_t differing_bytes(const struct frame *frame, const uint8_t *bytes, size_t length)
{
	size_t different = 0;

	if (frame->length != length)
		return SIZE_MAX;
	for (size_t i = 0; i < length; i++)
		different += frame->bytes[i] != bytes[i];
	return different;
}

static struct kept_frame *search(const struct kept_frames *frames, const uint8_t *bytes,
				 size_t length)
{
	struct kept_frame *kept = TAILQ_FIRST(frames), *again = NULL, *corrupted = NULL;

	for (; kept; kept = TAILQ_NEXT(kept, entry)) {
		size_t different = differing_bytes(kept->frame, bytes, length);

		if (!different && !kept->out)
			return kept;
		if (!different)
			again = kept;
		/* netem's "corrupt" turns one bit. */
		if (different == 1 && !kept->out && !corrupted)
			corrupted = kept;
	}
	return again ? again : corrupted;
}

struct frame *flight_match(struct gate *gate, enum host from, const struct frame *out)
{
	struct kept_frame *kept = search(&gate->flying[from], out->bytes, out->length);
	struct frame *frame;

	if (kept) {
		frame = frame_new(kept->frame, out->bytes, out->length);
		frame->copy |= kept->out;
		kept->out = true;
		return frame;
	}
	broken("a frame of %u bytes came out of netem that was never sent into it", out->length);
}

/* ---- on their way ------------------------------------------------------------------------- */

unsigned wire_in_flight(struct net *net)
{
	struct gate *gate = &net->gate;
	unsigned frames;

	if (!gate->netem)
		return 0;
	frames = queued(gate, -1);
	if (frames)
		return frames;
	/* Out of the queue, but not yet moved by the gate. */
	gate_settle(gate);
	return waits_at(gate, N0) || waits_at(gate, N1);
}
