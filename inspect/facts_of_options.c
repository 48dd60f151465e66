/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts_of_options.c: what the options of a listener mean for its clients.
 */
#include "inspect/facts.h"

#include <netinet/tcp.h>
#include <string.h>

#ifndef SOCK_SNDBUF_LOCK
#define SOCK_SNDBUF_LOCK 1 /* linux/socket.h, Linux 5.15 */
#define SOCK_RCVBUF_LOCK 2
#endif
/* tcp_sock's mss_cache until there is a peer: TCP_MSS_DEFAULT of include/net/tcp.h. */
#define MSS_OF_NOBODY 536
/* A server may take data in a SYN: TFO_SERVER_ENABLE of include/net/tcp.h. */
#define FASTOPEN_SERVER 2

static void add_option(struct account *account, const struct inspected_listener *listener,
		       struct fact fact)
{
	fact.known = fact.value != NOT_KNOWN;
	if (!fact.known) {
		free(fact.text);
		fact.text = format("this kernel does not tell");
		fact.usual = true;
	}
	add_fact(account, listener, fact);
}

/* One that is on or off, and off where nobody has set it. */
static void add_switch(struct account *account, const struct inspected_listener *listener,
		       struct fact fact)
{
	const char *option = fact.text;

	fact.usual = fact.value == 0;
	fact.text = format("%s is %s", option, fact.value ? "on" : "off");
	add_option(account, listener, fact);
}

static void add_addresses(struct account *account, const struct inspected_listener *listener)
{
	const struct inspected_options *options = &listener->options;
	bool cannot_bind = !options->reuse_address && !options->reuse_port;

	add_fact(account, listener,
		 (struct fact){ .name = "reuseaddr",
				.value = options->reuse_address,
				.known = true,
				.usual = options->reuse_address,
				.text = format("SO_REUSEADDR is %s",
					       options->reuse_address ? "on" : "off"),
				.unusual = cannot_bind
						   ? format("a restart cannot bind (EADDRINUSE) "
							    "within a minute after the server has "
							    "closed a connection (TIME_WAIT)")
						   : NULL });
}

static void add_defer(struct account *account, const struct inspected_listener *listener)
{
	int span = listener->options.defer_accept;

	add_option(account, listener,
		   (struct fact){ .name = "defer",
				  .value = span,
				  .usual = span == 0,
				  .text = span ? format("TCP_DEFER_ACCEPT: %d s", span)
					       : format("TCP_DEFER_ACCEPT is off"),
				  .unusual = span > 0 ? format("the server does not see a client "
							       "that sends nothing for %d s: not a "
							       "health check that only connects, "
							       "either",
							       span)
						      : NULL });
}

static void add_fastopen(struct account *account, const struct inspected_listener *listener)
{
	int queue = listener->options.fastopen;
	long setting = inspect_setting(account->inspection, FASTOPEN_SETTING);
	bool in_vain = queue > 0 && setting != NOT_KNOWN && !(setting & FASTOPEN_SERVER);

	add_option(account, listener,
		   (struct fact){ .name = "fastopen",
				  .value = queue,
				  .usual = queue == 0,
				  .text = queue ? format("TCP_FASTOPEN: %d requests", queue)
						: format("TCP_FASTOPEN is off"),
				  .unusual = in_vain ? format("it has no effect: "
							      "net.ipv4.tcp_fastopen is %ld, "
							      "without the 2 for servers",
							      setting)
						     : NULL });
}

static void add_keepalive(struct account *account, const struct inspected_listener *listener)
{
	const struct inspected_options *options = &listener->options;

	add_option(
		account, listener,
		(struct fact){ .name = "keepalive",
			       .value = options->keep_alive,
			       .usual = options->keep_alive == 0,
			       .text = options->keep_alive
					       ? format("SO_KEEPALIVE: after %d s of silence, "
							"then every %d s, %d times",
							options->keep_idle, options->keep_interval,
							options->keep_count)
					       : format("SO_KEEPALIVE is off") });
}

static void add_buffers(struct account *account, const struct inspected_listener *listener)
{
	const struct inspected_options *options = &listener->options;
	int locked = options->locked_buffers == NOT_KNOWN ? 0 : options->locked_buffers;

	add_option(account, listener,
		   (struct fact){
			   .name = "receive buffer",
			   .value = options->receive_buffer,
			   .usual = !(locked & SOCK_RCVBUF_LOCK),
			   .text = format("%d bytes%s", options->receive_buffer,
					  locked & SOCK_RCVBUF_LOCK ? ", fixed by SO_RCVBUF" : ""),
			   .unusual = locked & SOCK_RCVBUF_LOCK
					      ? format("it does not grow with a connection's "
						       "speed any more (net.ipv4.tcp_rmem)")
					      : NULL });
	add_option(account, listener,
		   (struct fact){
			   .name = "send buffer",
			   .value = options->send_buffer,
			   .usual = !(locked & SOCK_SNDBUF_LOCK),
			   .text = format("%d bytes%s", options->send_buffer,
					  locked & SOCK_SNDBUF_LOCK ? ", fixed by SO_SNDBUF" : ""),
			   .unusual = locked & SOCK_SNDBUF_LOCK
					      ? format("it does not grow with a connection's "
						       "speed any more (net.ipv4.tcp_wmem)")
					      : NULL });
}

static void add_times(struct account *account, const struct inspected_listener *listener)
{
	const struct inspected_options *options = &listener->options;
	long retries = inspect_setting(account->inspection, SYN_RETRIES_SETTING);

	add_option(account, listener,
		   (struct fact){ .name = "user timeout",
				  .value = options->user_timeout,
				  .usual = options->user_timeout == 0,
				  .text = options->user_timeout ? format("TCP_USER_TIMEOUT: %d ms",
									 options->user_timeout)
								: format("TCP_USER_TIMEOUT is "
									 "off") });
	/* It tells net.ipv4.tcp_syn_retries where it is not set. */
	add_option(account, listener,
		   (struct fact){ .name = "syncnt",
				  .value = options->syn_count,
				  .usual = options->syn_count == retries,
				  .text = options->syn_count == retries
						  ? format("TCP_SYNCNT is not set")
						  : format("TCP_SYNCNT: a SYN-ACK is sent again %d "
							   "times",
							   options->syn_count) });
}

static void add_segments(struct account *account, const struct inspected_listener *listener)
{
	const struct inspected_options *options = &listener->options;
	long ttl = inspect_setting(account->inspection, DEFAULT_TTL_SETTING);
	bool own_mss = options->max_segment != MSS_OF_NOBODY;
	bool own_ttl = listener->address.ss_family == AF_INET && options->ttl != ttl;

	add_option(account, listener,
		   (struct fact){
			   .name = "maxseg",
			   .value = options->max_segment,
			   .usual = !own_mss,
			   .text = own_mss ? format("TCP_MAXSEG: %d bytes", options->max_segment)
					   : format("TCP_MAXSEG is not set"),
			   .unusual = own_mss ? format("no segment has more, whatever the "
						       "path would carry")
					      : NULL });
	add_option(account, listener,
		   (struct fact){ .name = "ttl",
				  .value = options->ttl,
				  .usual = !own_ttl,
				  .text = format("%d hops%s", options->ttl,
						 own_ttl ? ", set by IP_TTL" : ""),
				  .unusual = own_ttl && options->ttl < ttl
						     ? format("clients that are farther away get "
							      "no answer")
						     : NULL });
}

static void add_linger(struct account *account, const struct inspected_listener *listener)
{
	int span = listener->options.linger;

	add_fact(account, listener,
		 (struct fact){ .name = "linger",
				.value = span,
				.known = true,
				.usual = span < 0,
				.text = span < 0 ? format("SO_LINGER is off")
						 : format("SO_LINGER: %d s", span),
				.unusual = span == 0 ? format("accepted connections have it too: "
							      "close() resets them, and the end of "
							      "an answer may be lost")
						     : NULL });
}

void add_facts_of_options(struct account *account, const struct inspected_listener *listener)
{
	if (!listener->options.known) {
		add_fact(account, listener,
			 (struct fact){ .name = "options",
					.value = NOT_KNOWN,
					.text = format("its options cannot be read: pidfd_getfd() "
						       "says: %s",
						       strerror(listener->options_error)) });
		return;
	}
	add_addresses(account, listener);
	add_defer(account, listener);
	add_fastopen(account, listener);
	add_switch(account, listener,
		   (struct fact){ .name = "nodelay",
				  .value = listener->options.no_delay,
				  .text = "TCP_NODELAY" });
	add_keepalive(account, listener);
	add_buffers(account, listener);
	add_times(account, listener);
	add_segments(account, listener);
	add_linger(account, listener);
	add_switch(account, listener,
		   (struct fact){ .name = "mptcp", .value = listener->mptcp, .text = "MPTCP" });
}
