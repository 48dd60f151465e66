/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter: which segments come to a listening socket, and to which of several.
 */
#include "states/states.h"

#include <linux/filter.h>

/*
 * To a socket of TCP a filter gets the segment, its header first (tcp_v4_rcv()), and a request goes
 * by its listener's. Those that are not from a port in the list pass if they are SYN or RST.
 */
enum { AT_SOURCE_PORT = 0, AT_FLAGS = 13, SYN = 0x02, RST = 0x04, ACK = 0x10, MOST_LET = 2000 };

bool states_let(int listener, struct states_let let)
{
	const struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	const struct sock_filter syns_and_resets[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_FLAGS),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, RST, 2, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
		pass,
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	size_t count = let.count < MOST_LET ? let.count : MOST_LET, length = 0;
	autofree struct sock_filter *program =
		must_alloc(2 * count + 1 + ARRAY_LENGTH(syns_and_resets), sizeof(*program));
	struct sock_fprog attached = { .filter = program };

	program[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_SOURCE_PORT);
	for (size_t i = 0; i < count; i++) {
		program[length++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, let.ports[i], 0, 1);
		program[length++] = pass;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(syns_and_resets); i++)
		program[length++] = syns_and_resets[i];
	attached.len = (unsigned short)length;
	return setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached)) == 0;
}

bool states_choose(int listener, unsigned index)
{
	struct sock_filter program[] = { BPF_STMT(BPF_RET | BPF_K, index) };
	const struct sock_fprog attached = { .len = 1, .filter = program };

	return setsockopt(listener, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &attached,
			  sizeof(attached)) == 0;
}
