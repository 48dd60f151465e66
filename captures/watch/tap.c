/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets, through libpcap: immediate mode and nanoseconds, so that a segment is there as soon as
 * it was sent, and written to one capture file per host.
 */
#include "captures/watch/probes.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#define LINK_ERRORS PCAP_ERRBUF_SIZE

/*
 * TCP, ICMP errors and the sentinel; not neighbour discovery and multicast reports, nor the
 * flood's ranges (see netns.h).
 */
static const char filter[] =
	"ether proto 0x88b5 or ((tcp or icmp or (icmp6 and ip6[40] < 128)) and not "
	"(net " FLOOD_IPV4 " or net " FLOOD_IPV6 "))";

struct tap {
	struct net *net;
	enum host host;
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	char *path;
	int room;
	char error[LINK_ERRORS + 64]; /* what libpcap says, and before it what was tried */
	uint64_t mark;
	nsec offset, offset_before; /* from CLOCK_REALTIME, now and when it was drained last */
	nsec drained;               /* when that was */
	unsigned handed;
	sighted *sighted;
	void *context;
};

static bool refused(struct tap *tap, const char *attempt)
{
	snprintf(tap->error, sizeof(tap->error), "%s: %s", attempt, pcap_geterr(tap->pcap));
	return false;
}

static bool activate(struct tap *tap)
{
	struct bpf_program program;
	int result;

	if (pcap_set_snaplen(tap->pcap, SNAPSHOT) || pcap_set_immediate_mode(tap->pcap, 1) ||
	    pcap_set_tstamp_precision(tap->pcap, PCAP_TSTAMP_PRECISION_NANO) ||
	    pcap_set_buffer_size(tap->pcap, tap->room) || pcap_set_timeout(tap->pcap, 1))
		return refused(tap, "setting up");
	result = pcap_activate(tap->pcap);
	if (result < 0) /* the warnings above 0 are about promiscuous mode */
		return refused(tap, pcap_statustostr(result));
	if (pcap_setnonblock(tap->pcap, 1, tap->error) < 0)
		return false;
	if (pcap_compile(tap->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) < 0)
		return refused(tap, "compiling the filter");
	result = pcap_setfilter(tap->pcap, &program);
	pcap_freecode(&program);
	return result == 0 || refused(tap, "setting the filter");
}

/* Where it is written until it is whole: see whole_begin(). */
static char *fresh_path(const struct tap *tap)
{
	return format("%s.new", tap->path);
}

static void *open_tap(void *argument)
{
	struct tap *tap = argument;

	if (setns(net_namespace(tap->net, tap->host), CLONE_NEWNET) < 0) {
		snprintf(tap->error, sizeof(tap->error), "entering the namespace: %s",
			 strerror(errno));
		return NULL;
	}
	tap->pcap = pcap_create("eth0", tap->error);
	if (!tap->pcap || !activate(tap))
		return tap;
	autofree char *fresh = fresh_path(tap);

	tap->dumper = pcap_dump_open(tap->pcap, fresh);
	if (!tap->dumper)
		refused(tap, "writing");
	return tap;
}

static void *close_tap(void *argument)
{
	struct tap *tap = argument;

	if (tap->pcap)
		pcap_close(tap->pcap);
	tap->pcap = NULL;
	return NULL;
}

/* Runs @work for both taps at once. 0, or errno where a thread cannot be had. */
static int side_by_side(struct tap *taps[HOSTS], void *(*work)(void *))
{
	pthread_t threads[HOSTS];
	int started = 0, error = 0;

	while (started < HOSTS && !error) {
		error = pthread_create(&threads[started], NULL, work, taps[started]);
		started += !error;
	}
	for (int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return error;
}

void taps_open(struct tap *taps[HOSTS], struct net *net, const char *folder, int room)
{
	static const char *const names[HOSTS] = { "client", "server" };
	int error;

	for (int host = 0; host < HOSTS; host++) {
		taps[host] = must_alloc(1, sizeof(struct tap));
		taps[host]->net = net;
		taps[host]->host = (enum host)host;
		taps[host]->room = room;
		taps[host]->path = format("%s/%s.pcap", folder, names[host]);
		taps[host]->offset = clock_from_realtime();
		taps[host]->drained = clock_now();
	}
	/* each opener goes into its host's namespace, so neither may be this thread */
	error = side_by_side(taps, open_tap);
	if (error)
		broken("cannot start a thread for a capture: %s", shortage_text(error));
	for (int host = 0; host < HOSTS; host++)
		if (!taps[host]->dumper)
			broken("cannot capture on the %s's eth0 into %s: %s", names[host],
			       taps[host]->path, taps[host]->error);
}

void taps_keep(struct tap *taps[HOSTS])
{
	for (int host = 0; host < HOSTS; host++) {
		autofree char *fresh = fresh_path(taps[host]);

		errno = 0;
		if (pcap_dump_flush(taps[host]->dumper) == 0 &&
		    !ferror(pcap_dump_file(taps[host]->dumper)) &&
		    rename(fresh, taps[host]->path) == 0)
			continue;
		unlink(fresh);
		broken("cannot write %s: %s; %s and run again", taps[host]->path,
		       strerror(errno ? errno : EIO), file_remedy(errno));
	}
}

void taps_close(struct tap *taps[HOSTS])
{
	for (int host = 0; host < HOSTS; host++)
		if (taps[host]->dumper)
			pcap_dump_close(taps[host]->dumper);
	if (side_by_side(taps, close_tap))
		for (int host = 0; host < HOSTS; host++)
			close_tap(taps[host]);
	for (int host = 0; host < HOSTS; host++) {
		free(taps[host]->path);
		free(taps[host]);
		taps[host] = NULL;
	}
}

/* How far @at lies outside of the time between the last draining and now. */
static nsec outside_by(const struct tap *tap, nsec at)
{
	nsec now = clock_now();

	return at < tap->drained ? tap->drained - at : at > now ? at - now : 0;
}

/*
 * When a packet was captured: since the last draining, whatever clock it was stamped with. Between
 * these two the machine's clock may have been set (by NTP, after a suspend), before the packet came
 * or after it.
 */
static nsec captured_at(const struct tap *tap, nsec stamp)
{
	nsec at = stamp + tap->offset, before = stamp + tap->offset_before;

	return outside_by(tap, before) < outside_by(tap, at) ? before : at;
}

static void take_packet(u_char *argument, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct tap *tap = (struct tap *)(void *)argument;
	struct parsed parsed;
	/* in nanosecond precision tv_usec holds nanoseconds */
	nsec stamp = header->ts.tv_sec * SEC(1) + header->ts.tv_usec;

	if (parse_frame(bytes, header->caplen, &parsed) < 0)
		broken("the %s's capture holds a frame of %u bytes that is no whole packet",
		       host_name(tap->host), header->caplen);
	if (parsed.sentinel) {
		tap->mark = parsed.mark;
		return;
	}
	pcap_dump((u_char *)tap->dumper, header, bytes);
	if (parsed.protocol != IPPROTO_TCP && !parsed.icmp.quotes)
		return;
	tap->handed++;
	tap->sighted(tap->context,
		     &(struct sighting){
			     .host = tap->host,
			     .outgoing = memcmp(bytes + 6, host_hardware(tap->host), 6) == 0,
			     .at = captured_at(tap, stamp),
			     .bytes = bytes,
			     .length = header->caplen,
			     .parsed = &parsed,
		     });
}

unsigned tap_drain(struct tap *tap, sighted *sighted, void *context)
{
	unsigned before = tap->handed;
	nsec begins = clock_now();
	int count;

	tap->sighted = sighted;
	tap->context = context;
	tap->offset_before = tap->offset;
	tap->offset = clock_from_realtime();
	do {
		count = pcap_dispatch(tap->pcap, -1, take_packet, (u_char *)tap);
		if (count < 0)
			broken("cannot read the %s's capture: %s", host_name(tap->host),
			       pcap_geterr(tap->pcap));
	} while (count > 0);
	tap->drained = begins;
	return tap->handed - before;
}

bool tap_has_seen(const struct tap *tap, uint64_t mark)
{
	return tap->mark == mark;
}

unsigned tap_lost(const struct tap *tap)
{
	struct pcap_stat stat;

	if (pcap_stats(tap->pcap, &stat) < 0)
		broken("cannot ask a capture what it lost: %s", pcap_geterr(tap->pcap));
	return stat.ps_drop;
}
