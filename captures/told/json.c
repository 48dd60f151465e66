/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is told, for programs. Times are seconds: of clients on the clock of the scenario, from its
 * first segment.
 */
#include "captures/told/told.h"

#include "base/json.h"

static json_t *json_time(const struct told *told, nsec at)
{
	return at ? json_real(seconds(at - told->began)) : json_null();
}

static json_t *json_known(long number)
{
	return number < 0 ? json_null() : json_integer(number);
}

static json_t *json_flow(const struct told *told, int flow)
{
	const struct told_client *client = told_client_of(told, flow);

	return client ? json_text(client->name) : json_null();
}

static json_t *json_outcomes(const struct told *told)
{
	json_t *array = json_array();

	for (int i = 0; i < told->outcome_count; i++) {
		const struct told_outcome *outcome = &told->outcomes[i];
		autofree char *words = told_outcome_words(outcome);

		json_array_append_new(
			array,
			json_pack("{s:s, s:s, s:b, s:s, s:b, s:i, s:f, s:f, s:f, s:i, s:o}", "role",
				  told_role_name(outcome->role), "fate",
				  told_fate_name(outcome->fate), "deferred", outcome->deferred,
				  "words", words, "waits",
				  outcome->fate == FATE_CONNECTING ||
					  outcome->fate == FATE_UNANSWERED,
				  "clients", outcome->count, "shortest_seconds",
				  seconds(outcome->shortest), "median_seconds",
				  seconds(outcome->median), "longest_seconds",
				  seconds(outcome->longest), "sent_syn_again", outcome->syn_again,
				  "example", json_flow(told, outcome->example)));
	}
	return array;
}

static json_t *json_instance(const struct told *told, const struct told_server *server)
{
	return json_pack(
		"{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:b}", "name", json_text(server->name), "pid",
		(json_int_t)server->pid, "started", json_time(told, server->started), "listens",
		json_time(told, server->listens), "signalled", json_time(told, server->signalled),
		"exited", json_time(told, server->exited), "status",
		server->exited ? json_integer(server->status) : json_null(), "by_itself",
		server->by_itself);
}

static json_t *json_server(const struct told *told)
{
	const struct told_work *work = &told->work;
	json_t *instances = json_array();

	for (int i = 0; i < told->server_count; i++)
		json_array_append_new(instances, json_instance(told, &told->servers[i]));
	return json_pack("{s:b, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "watched", work->watched,
			 "accepted", work->accepted, "accepts_per_second",
			 work->accept_rate < 0 ? json_null() : json_real(work->accept_rate),
			 "cpu_seconds", work->cpu < 0 ? json_null() : json_real(seconds(work->cpu)),
			 "descriptors", json_known(work->descriptors), "descriptor_limit",
			 json_known(work->descriptor_limit), "processes",
			 json_known(work->processes), "instances", instances);
}

static json_t *json_findings(const struct told *told)
{
	json_t *array = json_array();

	for (int i = 0; i < told->finding_count; i++) {
		const struct told_finding *finding = &told->findings[i];

		json_array_append_new(
			array, json_pack("{s:s, s:o, s:s, s:s, s:s, s:o, s:I, s:b}", "name",
					 finding->rule->name, "seen", json_text(finding->sentence),
					 "consequence", finding->rule->consequence, "mends",
					 finding->rule->mends, "page", finding->rule->page,
					 "client", json_flow(told, finding->flow), "event",
					 (json_int_t)finding->seq, "allowed", finding->allowed));
	}
	return array;
}

static json_t *json_facts(const struct told *told)
{
	json_t *array = json_array();

	for (int i = 0; i < told->fact_count; i++) {
		const struct told_fact *fact = &told->facts[i];

		json_array_append_new(array,
				      json_pack("{s:s, s:o, s:o, s:o}", "name", fact->name, "seen",
						json_text(fact->sentence), "value",
						fact->is_time ? json_real(seconds(fact->value))
							      : json_integer(fact->value),
						"client", json_flow(told, fact->flow)));
	}
	return array;
}

static json_t *json_unseen(const struct told *told)
{
	json_t *array = json_array();

	for (int i = 0; i < told->unseen_count; i++)
		json_array_append_new(array, json_text(told->unseen[i]));
	return array;
}

static json_t *json_client(const struct told *told, const struct told_client *client)
{
	json_t *syns = json_array();

	for (int i = 0; i < client->syns && i < SYNS_TOLD; i++)
		json_array_append_new(syns, json_time(told, client->syn[i]));
	return json_pack(
		"{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "name",
		json_text(client->name), "role", told_role_name(client->role), "fate",
		told_fate_name(client->fate), "syns", syns, "connected",
		json_time(told, client->connected), "accepted_by",
		json_time(told, client->accepted), "requested", json_time(told, client->requested),
		"first_byte", json_time(told, client->first_byte), "served",
		json_time(told, client->served), "bytes", (json_int_t)client->bytes, "ended",
		json_time(told, client->ended), "timer_due", json_time(told, client->fires));
}

static json_t *json_clients(const struct told *told)
{
	json_t *array = json_array();

	for (int i = 0; i < told->client_count; i++)
		if (told->clients[i].role != ROLE_STRANGER)
			json_array_append_new(array, json_client(told, &told->clients[i]));
	return array;
}

json_t *told_json(const struct told *told, bool clients)
{
	autofree char *summary = told_summary(told);
	json_t *object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "summary", json_text(summary),
				   "outcomes", json_outcomes(told), "server", json_server(told),
				   "not_seen", json_unseen(told), "findings", json_findings(told),
				   "facts", json_facts(told));

	if (clients)
		json_object_set_new(object, "clients", json_clients(told));
	return object;
}
