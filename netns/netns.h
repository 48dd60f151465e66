/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netns: an isolated network of two hosts and the wire between them.
 *
 *   client namespace       wire namespace                        server namespace
 *   eth0  <--veth-->  wc  gate  n0 <--veth, netem--> n1  gate  ws  <--veth-->  eth0
 *
 * The hosts carry no queueing discipline and no offloads, so what is captured on them is what is
 * on a wire. The wire has no addresses; the gate, a forwarder on packet sockets, moves one frame
 * at a time and asks a judge what to do with each. netem sits on the wire's two inner ends, n0
 * and n1. Not on a host's end: a capture sees what is sent behind the queueing discipline. Nor on
 * wc and ws: two frames could leave netem back to back, and be processed before anybody samples.
 * From the inner ends a frame comes to a gate again, which delivers one at a time. A wire without
 * netem has no inner ends.
 *
 * Nothing in here knows TCP, but for what the probe asks the kernel (ways.c). Everything here ends
 * with broken() when the system refuses, so callers see only success.
 */
#ifndef HALFOPEN_NETNS_H
#define HALFOPEN_NETNS_H

#include "base/base.h"
#include "base/hosts.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>

/* ---- isolation ----------------------------------------------------------------------------- */

/*
 * In a worker, before it forks the case: a private mount and network namespace, and a PID
 * namespace whose process 1 the next child will be. Without privileges these are made inside a
 * user namespace of their own. It dies with its @parent, whose getpid() was taken before the
 * fork, also if that is already gone. Pins the process to one allowed CPU (the @lane-th modulo
 * their number): softirqs of its packets then run on that CPU too, so that no packet is half
 * processed when the process looks. Returns a descriptor of the process, for isolate_case(); -1
 * where there are none.
 */
int isolate_worker(pid_t parent, unsigned lane);
/*
 * Before that, where it is to make a user namespace: with the users and groups that /etc/subuid and
 * /etc/subgid give to the caller, if newuidmap(1) and newgidmap(1) put them in. He is 0 in there,
 * they are 1, 2, ...
 */
void isolate_with_ranges(void);

/*
 * In the case's process 1: dies with its @worker (also if that is already gone), mounts a fresh
 * proc (a container's /proc/sys is read-only) where that is allowed. The stall meter begins.
 * Returns the PID that this process has outside (for the hints of --pause).
 */
pid_t isolate_case(int worker);

/* This process may use all CPUs again that the worker might, before isolate_worker() pinned it. */
void isolate_all_cpus(void);

/*
 * In a worker, after isolate_worker() and before it forks the case: from now on the namespaces that
 * net_open() makes are counted.
 */
struct departures;
struct departures *departures_watch(void);
/*
 * When the case's processes are dead: waits until the kernel has taken down what net_open() made,
 * and frees @departures. False when they are not gone after 20 s: then something holds a namespace,
 * a socket that is still closing for instance.
 */
bool departures_await(struct departures *departures);

/* What this machine can do, found by trying it in a child that is gone afterwards. */
struct net_features {
	bool netem;             /* sch_netem is there */
	bool went_wrong;        /* nothing is missing here, the attempt itself came to nothing */
	bool user_namespace;    /* isolation needs a user namespace: the caller is no root */
	char netem_reason[128]; /* why not, when !netem */
};

/*
 * Tries to isolate, to make a veth pair and to add netem, all in a child.
 * Returns 0, or -1 with the cause and the remedy in *@why (one line; the caller frees it; else it
 * is NULL): a missing capability, user namespaces that are forbidden or stripped (Ubuntu's AppArmor
 * rule), no `ip`, no `tc`, ...
 *
 * It also looks at what settings a new namespace has, so that net_open() in this process and those
 * that it forks writes only what must be changed; without it, all.
 */
int net_probe(struct net_features *features, char **why);

/*
 * How this kernel makes a SYN-ACK where Linux has changed. net_probe() has found out; without it,
 * as the newest.
 */
struct net_ways {
	int scaling_ratio;   /* of 256 bytes of a buffer so many are window (since Linux 6.6: commit
				dfa2f0483360); 0: as tcp_adv_win_scale says */
	bool echoes_the_syn; /* also after an ACK that was ignored (commit 8d52da23b6c6) */
	/*
	 * A SYN-ACK that is sent again after a timeout has no ECE. That would take the probe a
	 * second; it came together with a value of a sysctl (TCP_ACCECN_OPTION_PERSIST), which
	 * tells at once.
	 */
	bool repeats_end_ecn;
	/*
	 * The MSS of a SYN-ACK also follows from an MTU that ICMP has told of the way, and not only
	 * from the route and the device.
	 */
	bool offers_what_is_learnt;
};
const struct net_ways *net_ways(void);

/* ---- the network --------------------------------------------------------------------------- */

#define WIRE HOSTS /* the third namespace, where namespaces are named */

struct net;

struct net_options {
	const char *netem; /* arguments of `tc qdisc ... netem` for both directions; NULL: none */
	FILE *replay;      /* every command goes here too, to build this network by hand */
};

/* Makes the three namespaces, links, addresses, neighbours and routes. Ends the case with broken()
 * if that fails. */
struct net *net_open(struct net_options options);
void net_close(struct net *net);

/*
 * Peers that are no kernel: the server reaches 198.51.100.0/24, 203.0.113.0/24 and FLOOD_IPV4
 * (2001:db8:51::/64, 2001:db8:203::/64 and FLOOD_IPV6) through the client's hardware address, so
 * the wire can answer for them. The first range is raw peers', the last the floods' (left out of
 * captures).
 */
#define FLOOD_IPV4      "198.18.0.0/15"
#define FLOOD_IPV6      "2001:db8:18::/64"
#define FLOOD_ADDRESSES 0x20000u /* that FLOOD_IPV4 has; a flood takes no more of FLOOD_IPV6 */

/* The first address of a flood's range. */
struct sockaddr_storage net_flood_address(int family, uint16_t port);
/* Whether an address (4 or 16 bytes, in network order) is of a flood's range. */
bool net_is_floods(int family, const void *address);

/* A socket in the namespace of @host (or WIRE), close-on-exec. -1 with errno on failure. */
int net_socket(struct net *net, enum host host, int domain, int type, int protocol);
/* Opens /proc/net/@name ("netstat", "snmp") of the host or of WIRE; it stays that one's. */
int net_proc(struct net *net, enum host host, const char *name);
/* Runs @act in the namespace of @host (or WIRE) and returns what it returned. */
int net_within(struct net *net, enum host host, int (*act)(void *), void *argument);
/* The namespace's descriptor, still the net's, for setns() in a child. */
int net_namespace(struct net *net, enum host host);

/*
 * Writes a sysctl ("net.ipv4.tcp_syncookies") on a host and reads it back into @seen.
 * Returns 0, or -ENOENT where this kernel has no such sysctl, or -errno; -EIO when what was read
 * back differs from what was written.
 */
struct sysctl {
	enum host host;
	const char *name, *value;
};
int net_sysctl_write(struct net *net, struct sysctl sysctl, char *seen, size_t seen_size);
/* Reads one; 0 or -errno. Trailing newline removed, tabs become blanks. */
int net_sysctl_read(struct net *net, enum host host, const char *name, char *seen,
		    size_t seen_size);

/*
 * Settings of the whole machine that reach into every namespace, which can neither set nor see
 * them: as they were when the worker left the machine's own (isolate_worker()). NULL: it could not
 * see them either, in a container.
 */
const char *net_outside(const char *name);
/* The names: 0, 1, ...; NULL behind the last. */
const char *net_outside_name(size_t number);

/*
 * The settings (net.*) that a network namespace has for itself, by name: as they are in the
 * caller's own, and as the kernel gives them to a new one. Those of devices, packet filters and
 * secrets are left out. The texts belong to the list.
 */
struct net_setting {
	char *name;  /* "net.core.somaxconn" */
	char *here;  /* words with one blank between them */
	char *usual; /* the kernel's default */
};
struct net_settings {
	struct net_setting *all;
	size_t count;
};
/* Asks a new namespace, which is gone afterwards. NULL, or why not; the caller frees it. */
char *net_settings_read(struct net_settings *settings);
void net_settings_free(struct net_settings *settings);

/*
 * Runs a program of the machine inside the host's namespace with @input (may be NULL) as its
 * standard input and waits. Returns its exit status, output (both streams) in *output.
 */
int net_program(struct net *net, enum host host, char *const argv[], const char *input,
		char **output);

/*
 * Starts a program inside the host's namespace, as the leader of a process group of its own, and
 * does not wait. It dies with the calling thread at the latest. Returns its process ID, or -errno.
 */
struct daemon_options {
	char *const *argv; /* ends with NULL; found in PATH and in the folders of daemons */
	const char *log;   /* both its output streams are appended to this file */
	/* without a right: the only user, 65534, of a user namespace; where that is forbidden, root
	 */
	bool ordinary_user;
};
pid_t net_daemon(struct net *net, enum host host, struct daemon_options options);

/* ---- the wire ------------------------------------------------------------------------------ */

/* Who sent a frame. INJECTED frames are made by the wire itself, in the name of a raw peer. */
struct frame {
	uint64_t number; /* 1, 2, ... in the order in which the gate read them */
	enum host from;  /* CLIENT or SERVER: it travels towards the other */
	bool injected;
	bool copy;       /* made by a DUPLICATE fate, or by netem */
	nsec read;       /* when the gate read it */
	uint16_t length; /* of the frame, Ethernet header included */
	uint8_t bytes[]; /* as on the wire */
};

enum fate {
	FORWARD,
	HOLD, /* until wire_release() */
	DROP,
	DUPLICATE, /* forward it twice */
	CHANGED,   /* forward it, with what the judge has put in place of some of its bytes */
	TAKE,      /* for a peer that lives on the wire: not forwarded */
};

/*
 * Called in this order for each frame:
 *   sent()      the gate has read it; the receiver has not seen it
 *   judge()     what to do with it
 *   coming()    it is about to be handed to the receiver's interface
 *   arrived()   it was handed to the receiver's interface and the receiver has processed it.
 *               Called again for a duplicate, as coming() is; not for frames that were held
 *               (until released), dropped or taken
 *   lost()      dropped, held or taken (@fate says which)
 */
struct wire_observer {
	void *context;
	void (*sent)(void *context, const struct frame *frame);
	enum fate (*judge)(void *context, struct frame *frame);
	void (*coming)(void *context, const struct frame *frame);
	void (*arrived)(void *context, const struct frame *frame);
	void (*lost)(void *context, const struct frame *frame, enum fate fate);
};
void wire_observe(struct net *net, struct wire_observer observer);

/*
 * Moves at most one frame, the oldest that waits. Returns true if there was one. False means that
 * the wire is quiet: all that the hosts have sent, and their answers to it, has come through.
 * Frames that are neither IPv4, nor IPv6, nor for a unicast hardware address are dropped silently
 * (neighbour discovery, multicast listener reports).
 */
bool wire_turn(struct net *net);
/* Frames inside netem's queues now; from the kernel, so that a lost one is not waited for. */
unsigned wire_in_flight(struct net *net);
/*
 * The descriptor to poll for POLLIN when waiting for a frame, after wire_turn() returned false
 * (what the gate has read already does not show on it).
 */
int wire_descriptor(const struct net *net);
/* Forwards what is held, oldest first, at most @count (0: all), each observed. Returns how many. */
unsigned wire_release(struct net *net, unsigned count);
/*
 * The same of all that is held, and nothing in between: the receiver has them as close together as
 * this CPU can hand them over. All are coming before the first arrives. Through netem they go as
 * ever.
 */
unsigned wire_release_at_once(struct net *net);
/* Number of frames that the gate has read and not moved yet. */
unsigned wire_waiting(const struct net *net);
/* Number of frames held. */
unsigned wire_held(const struct net *net);
/*
 * Hands a frame to the interface of @to, as if the other host had sent it; observed as injected
 * (arrived() only). @length counts the Ethernet header.
 */
void wire_inject(struct net *net, enum host to, const uint8_t *bytes, size_t length);

/* ---- the bypass ---------------------------------------------------------------------------- */

/*
 * Two more links between the hosts, eth1 and eth2 on both, for storms of ordinary clients: no gate
 * moves their frames. netem sits on all ends. Each link has a discipline of its own in each
 * direction, whose timer stays on the CPU that has sent (qdisc_watchdog_schedule_range_ns()): so
 * what is sent on two links by two CPUs comes to the server on two CPUs.
 *
 * The client has all addresses of a range on each (IP_FREEBIND), and reaches the server's address
 * on the one that its socket is bound to (SO_BINDTODEVICE); the server reaches each range on its
 * link.
 */
#define BYPASS_LINKS     2
#define BYPASS_ADDRESSES 126 /* of each */
/* The @number-th address of a link's range, from 0; links count from 1. */
struct sockaddr_storage bypass_address(int family, int link, unsigned number, uint16_t port);
/* Makes one, with these arguments of netem (NULL: without); the first, then the second. */
void bypass_open(struct net *net, int link, const char *netem);
/* How many frames of @from's netem has let go on both links, has dropped, and has now. */
struct bypass_frames {
	uint32_t sent, dropped, held;
};
struct bypass_frames bypass_frames(struct net *net, enum host from);

/* ---- senders of a storm ------------------------------------------------------------------- */

/*
 * Puts frames on the interface of @to, past the gate and its observer, on the CPU of the thread
 * that calls: several threads, each with a sender of its own, send at once.
 */
struct wire_sender;
struct wire_sender *wire_sender_open(struct net *net, enum host to);
void wire_sender_close(struct wire_sender *sender);
/* 0 or an errno: it does not end the case, which another thread may be in the middle of. */
int wire_send(struct wire_sender *sender, const uint8_t *bytes, size_t length);
/*
 * Returns when the receiver has processed what this thread has sent, and its answers are on the
 * wire. The thread has stayed on its CPU. 0 or an errno.
 */
int wire_sender_settle(struct wire_sender *sender);

/* ---- threads -------------------------------------------------------------------------------- */

/* How many CPUs this process may use; @cpu counts them. */
unsigned net_cpus(void);
/* The calling thread stays on the @cpu-th of them, modulo their number. */
void net_stay_on(unsigned cpu);

/* ---- floods -------------------------------------------------------------------------------- */

/*
 * Frames that go past the gate and are observed by nobody, each a variation of one. They are to
 * name a source in the floods' range (see above): what answers them is seen by nobody either, but
 * counted.
 */
#define FLOOD_FRAME_MAX 128 /* bytes; the Ethernet header is one of them */
struct flood_plan {
	enum host to;
	const uint8_t *frame;
	size_t length;
	/*
	 * Makes the frame the @number-th (from 0); @bytes hold the plan's frame, varied before.
	 * Several threads may call it at once.
	 */
	void (*vary)(const void *context, uint8_t *bytes, uint64_t number);
	const void *context;
	uint64_t count; /* so many; 0: no bound */
	nsec span;      /* for so long; 0: no bound */
};
/*
 * Sends plan->count frames from this thread and CPU, and returns how many the kernel took: all of
 * them, and all have been processed by the receiver.
 */
uint64_t wire_flood(struct net *net, const struct flood_plan *plan);
/*
 * The same aside, as fast as it goes: one thread for each CPU that this process may use, until the
 * plan is fulfilled (wire_flood_end() waits for that) or, where it has no span, until
 * wire_flood_end(). One at a time. The flood is freed at the end, or by net_close().
 */
struct wire_flood;
struct wire_flood *wire_flood_begin(struct net *net, const struct flood_plan *plan);
uint64_t wire_flood_end(struct wire_flood *flood);
/* How many frames the kernel has taken so far. */
uint64_t wire_flood_sent(const struct wire_flood *flood);
/* How many frames the hosts have sent to the floods' ranges since the first flood began. */
uint64_t wire_flood_answers(struct net *net);
/* The same begins here, before a flood towards @to that somebody else sends on the wire. */
void wire_count_answers(struct net *net, enum host to);

/* ---- netlink ------------------------------------------------------------------------------- */

struct mnl_socket;
struct nlmsghdr;
/* As libmnl's mnl_cb_t: MNL_CB_OK to go on, MNL_CB_ERROR with errno. */
typedef int netlink_message(const struct nlmsghdr *message, void *context);

/*
 * Sends a request and hands each message of the answer to @take, the last one of a dump excepted.
 * 0 when the answer was whole, or an errno, that of the kernel's refusal, or EINTR: the list has
 * changed while it was read, and is to be asked for again.
 */
int netlink_ask(struct mnl_socket *netlink, const struct nlmsghdr *request, netlink_message *take,
		void *context);
/* What such an errno means, in words. */
const char *netlink_problem(int error);
/* How often a list is asked for that changes while it is read. */
#define NETLINK_ATTEMPTS 10

/* ---- the end of it ------------------------------------------------------------------------- */

/*
 * Puts a frame with the local experimental EtherType 0x88b5 and the payload @mark (8 bytes, most
 * significant first) on a host's link, so that its capture sees it: the sentinel that ends a
 * capture.
 */
void wire_sentinel(struct net *net, enum host host, uint64_t mark);
/*
 * How many frames of the hosts the gate was never given so far and nobody has given back: a CPU
 * takes 1,000 at once (net.core.netdev_max_backlog), and thousands of clients' timers may fire at
 * one tick.
 */
uint64_t wire_lost(struct net *net);
/*
 * Gives one of those back: the gate has read it now, as the host that has sent it has sent it.
 * Whoever is to do so says it before any is lost: wire_restores().
 */
void wire_restore(struct net *net, enum host from, const uint8_t *bytes, size_t length);
void wire_restores(struct net *net);
/*
 * Frames that got lost on the wire so far, and not by the judge or by netem: an error of the run.
 * In words: who lost how many, and what can be done; NULL: none was. The caller frees it.
 * net_close() ends with broken() when there were some and nobody has asked here.
 */
char *wire_losses(struct net *net);

/*
 * What softnet, the kernel's queues for frames that were received, has done since net_open():
 * "dropped" and "time_squeeze" of /proc/net/softnet_stat, all CPUs together. A queue is as long as
 * net.core.netdev_max_backlog, which cannot be read from within a namespace. It is the whole
 * machine's: it may explain a loss that was seen, and is none by itself.
 */
struct softnet {
	uint64_t dropped;  /* frames, as the queue was full */
	uint64_t squeezed; /* times that frames were left for later, as the budget was spent */
};
struct softnet net_softnet(const struct net *net);

#endif
