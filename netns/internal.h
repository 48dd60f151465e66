/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal.h: what the files of netns share among themselves.
 */
#ifndef HALFOPEN_NETNS_INTERNAL_H
#define HALFOPEN_NETNS_INTERNAL_H

#include "netns/netns.h"

#include <sched.h>
#include <sys/queue.h>

struct mnl_socket;

#define NAMESPACES (HOSTS + 1)
#define FRAME_MAX  1514 /* MTU 1500 and the Ethernet header */

/* ---- isolation: what was tried, and why it was refused ------------------------------------- */

enum attempt {
	TRY_USER_NAMESPACE,
	TRY_USER_MAPPING,
	TRY_NAMESPACES,
	TRY_PRIVATE_MOUNTS,
	TRY_IPV6,
	TRY_IP_PROGRAM,
	TRY_VETH,
	TRY_TC_PROGRAM,
	TRY_PACKET_SOCKET,
	TRY_SOCK_DIAG,
	TRY_SYSCTLS,
	TRY_UNKNOWN,
};

/* Everything an explanation needs, gathered before anything was tried. */
struct refusal {
	enum attempt attempt;
	int error;               /* errno; 0 when @output says it all */
	bool root;               /* the caller's effective user is 0 */
	uint64_t capabilities;   /* effective ones of the caller */
	bool no_userns_clone;    /* kernel.unprivileged_userns_clone = 0 */
	bool no_user_namespaces; /* user.max_user_namespaces = 0 */
	bool apparmor_restricts; /* kernel.apparmor_restrict_unprivileged_userns = 1 */
	char output[256];        /* what a program said, in one line */
};

void refusal_gather(struct refusal *refusal);
/* One line: the cause, then the remedy; the caller frees it. */
char *refusal_explain(const struct refusal *refusal);
bool refusal_lacks_capabilities(const struct refusal *refusal);

/* isolate_worker() without the ending: 0, or -1 with the attempt and errno in @refusal. */
int isolate_try(struct refusal *refusal, bool *user_namespace);
/*
 * ranges.c: a child that waits, outside, until this process has made a user namespace, and then
 * puts the caller's users and groups into it; .pid -1: there is none, as nobody has asked for it.
 */
struct mapper {
	pid_t pid;
	int go;
};
struct mapper mapper_start(void);
/* False where there are no such users, and where they may not be used. */
bool mapper_map(struct mapper *mapper);
/* Where it is not needed; false. */
bool mapper_end(struct mapper *mapper);
/*
 * The calling process becomes user and group @id, and nobody else, of a user namespace of its own,
 * without a right outside. Returns 0 or errno.
 */
int isolate_user(unsigned id);
/* What makes traffic stays on its one CPU. */
void isolate_one_cpu(void);

/* ---- namespaces ---------------------------------------------------------------------------- */

/* "client", "server" or "wire". */
const char *namespace_name(enum host host);
/* setns(): 0, or -1 with errno. */
int enter_namespace(int namespace);
/* The one of this thread, close-on-exec; the caller closes it. broken() where there is no /proc. */
int current_namespace(void);
/* Gives it an ID in the calling thread's namespace, which hears by that when it goes. */
void namespace_announce(int namespace);

/* A socket of rtnetlink in the calling thread's namespace. */
struct mnl_socket *route_socket(void);

/* ---- programs of the machine --------------------------------------------------------------- */

struct tool_options {
	char *const *argv;
	const char *input;  /* its whole standard input; NULL: tool_feed() gives it */
	int inherit[HOSTS]; /* descriptors that it needs under the same number; 0: none */
};

struct tool {
	pid_t pid;
	int input, output;
	int error; /* errno when it could not be started */
};

/* Starts a program in the network namespace of the calling thread. */
struct tool tool_start(struct tool_options options);
/* Gives all of its input and closes it. */
void tool_feed(struct tool *tool, const char *input);
/* Waits; returns the exit status (128 + signal; 127 when it was never started). */
int tool_finish(struct tool *tool, char **output);

/* ---- what this network is made of ---------------------------------------------------------- */

/* "netem"; the tests put another there on a kernel that has none. */
extern const char *wire_discipline;

struct plan {
	const char *netem;
	const char *names[NAMESPACES]; /* how `ip` calls the namespaces: paths, or names by hand */
};

#define WIRE_MTU 1500

/* One veth: an end in the wire's namespace, up, and the other there or at a host. */
struct pair {
	const char *name, *hardware, *peer, *peer_hardware;
	enum host to;
};
/* Ends with a NULL name; the one with both ends on the wire, for netem, is the last. */
extern const struct pair wire_pairs[];

/* What makes a host of a namespace that has eth0. */
struct order {
	enum { UP, UP_WITHOUT_ARP, ADDRESS, NEIGHBOUR, ROUTE } kind;
	const char *what; /* an interface, or an address */
	const char *by;   /* the neighbour's hardware, or the gateway */
};
/* Those of the host, in this order; ends with a NULL what. */
const struct order *plan_orders(enum host host);

/* The same as arguments of `ip`, and lines for `tc -batch`. The caller frees them. */
char *plan_pair(const struct plan *plan, const struct pair *pair);
char *plan_order(const struct order *order);
char *plan_netem(const struct plan *plan);

/* In the namespace of the calling thread: a socket of rtnetlink, and any other. */
struct builder {
	struct mnl_socket *netlink;
	int control;
	const int *namespaces; /* of the hosts */
};
void build_pair(const struct builder *builder, const struct plan *plan, const struct pair *pair);
void build_order(const struct builder *builder, const struct order *order);

/* Of the bypass: a link, in the client's namespace, and what each host needs on it. */
#define BYPASS_IPV4        "203.0.113.%d/25"
#define BYPASS_IPV6        "2001:db8:203:%d::/64"
#define BYPASS_FIRST(link) (128 * ((link)-1)) /* the last byte of its IPv4 range */
char *plan_bypass(const struct plan *plan, int link);
char *plan_bypass_host(enum host host, int link);
char *plan_bypass_netem(int link, const char *netem);
/* The network by hand, as lines for a root shell. */
void replay_network(FILE *file, const char *netem);
void replay_bypass(FILE *file, int link, const char *netem);
void replay_sysctl(FILE *file, const struct sysctl *sysctl);

struct baseline {
	const char *name, *value;
};
/* What every namespace starts with; ends with a NULL name. */
extern const struct baseline host_baselines[], wire_baselines[];
#define MOST_BASELINES 256
/*
 * From now on the rows of a host's that a new namespace meets by itself, or does not have, are not
 * written in this process and its children.
 */
void baselines_learn(const bool met_there[MOST_BASELINES]);
bool baseline_is_met(const struct baseline *baseline);

/* ---- how this kernel makes a SYN-ACK -------------------------------------------------------- */

/* Asks it, in a new namespace with the veth pair h0 and h1; where it does not answer, as the
 * newest. */
void ways_try(struct net_ways *ways);
/* From now on net_ways() says so in this process and its children. */
void ways_learn(const struct net_ways *ways);

/* ---- in the namespace of the calling thread ------------------------------------------------ */

int sysctl_write_here(const char *name, const char *value);
int sysctl_read_here(const char *name, char *seen, size_t seen_size);
/* Which rows of a host's baselines the namespace, a new one, meets or does not have. */
void baselines_try(bool met[MOST_BASELINES]);
/* Reads what net_outside() returns: to be called where the whole machine's settings can be seen. */
void outside_read(void);
/* @control: any socket of the namespace. */
void offloads_off(int control, const char *interface);
int interface_index(int control, const char *interface);
/* Returns when the interface can send; the kernel brings it there in the background. */
void interface_await(int control, const char *interface);

/* ---- the gate ------------------------------------------------------------------------------ */

enum wire_end { WC, WS, N0, N1, WIRE_ENDS };

struct kept_frame {
	TAILQ_ENTRY(kept_frame) entry;
	struct frame *frame;
	enum wire_end end; /* where it was read */
	bool out;          /* has come out of netem */
};
TAILQ_HEAD(kept_frames, kept_frame);

/* A frame with these bytes and what @head says of it besides; the caller frees it. */
struct frame *frame_new(const struct frame *head, const uint8_t *bytes, size_t length);
/* The list owns the frame from now on. */
struct kept_frame *frames_keep(struct kept_frames *frames, struct frame *frame);
/* The oldest, the caller's from now on; there must be one. */
struct frame *frames_take(struct kept_frames *frames);
/* Frees all of them. */
void frames_forget(struct kept_frames *frames);

struct gate {
	int socket; /* sees and feeds every end of the wire */
	int index[WIRE_ENDS];
	bool netem, bypasses;
	struct wire_observer observer;
	uint64_t frames;
	uint64_t dropped;           /* by the kernel, before the gate could read them */
	bool restores;              /* they are given back: wire_restore(), */
	uint64_t restored;          /* and so many have been */
	uint64_t marks, marks_back; /* sent by gate_settle(), and come back */
	struct kept_frames waiting; /* read, not yet moved, */
	unsigned waiting_count;     /* so many */
	struct kept_frames held;
	unsigned held_count;
	struct kept_frames flying[HOSTS]; /* sent into netem, by sender */
	struct mnl_socket *netlink;
};

/* At most so many threads send a flood. */
#define MAX_FLOODING 16

struct net {
	int outside; /* the namespace that the process itself lives in */
	int ns[NAMESPACES];
	int control[NAMESPACES]; /* sockets for ioctls */
	FILE *replay;
	struct gate gate;
	struct softnet softnet; /* at its beginning */
	bool losses_told;
	int flooding[MAX_FLOODING], answers; /* packet sockets of floods, kept; 0: none yet */
	uint64_t answered;
	struct wire_flood *flood; /* the one that runs; NULL: none */
	bool bypass;              /* the hosts have eth1 and eth2, too */
};

/* Ends with broken() when the gate's socket has lost a frame, and nobody gives it back. */
void gate_check(struct gate *gate);
/* A frame that the gate was not given, as if it had read it there last. Takes the frame. */
void gate_restore(struct gate *gate, enum wire_end end, struct frame *frame);
/* What softnet has counted since the machine was started. */
struct softnet softnet_read(void);

/* Ends a flood that still runs, and closes what floods have opened. */
void flood_close(struct net *net);

/* In the wire's namespace: opens the socket before any frame can travel; binds it at the end. */
void gate_open(struct gate *gate, int control, bool netem);
void gate_close(struct gate *gate);

int gate_socket(void);
/* Only what @text, a pcap-filter(7), says comes to the packet socket, and so many @bytes of it. */
void filter_attach(int fd, const char *text, int bytes);
/*
 * After a packet socket has refused to send: waits a moment, since the receiver's backlog or the
 * socket's room was full, and what is ahead goes on by itself. False, with the socket's errno: it
 * was refused for another reason, or the deadline has passed.
 */
bool worth_a_retry(int socket, struct deadline *deadline);
/* Hands one frame to an end of the wire; through its queueing discipline when that is netem's. */
void gate_send(struct gate *gate, enum wire_end end, const struct frame *frame);
/*
 * Returns when what was handed to an interface so far has been processed: all that waits for the
 * gate is then in its list. Twice over: also the answers to it.
 */
void gate_settle(struct gate *gate);
/* The oldest frame, the caller's, and where it was read; NULL when the wire is quiet. */
struct frame *gate_next(struct gate *gate, enum wire_end *end);

/* Of one interface, or of two: their root disciplines together. */
struct discipline {
	int index[2]; /* of the interfaces; twice the same: one */
	uint32_t held, sent, dropped;
};
/* Asks the kernel. @netlink: a route_socket() of their namespace. */
void discipline_read(struct mnl_socket *netlink, struct discipline *discipline);

void flight_add(struct gate *gate, struct frame *frame);
/* Which frame it is that comes out of netem; a new frame of the caller's. */
struct frame *flight_match(struct gate *gate, enum host from, const struct frame *out);

#endif
