using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Server.Domain;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>Stored responses in the table.</summary>
internal static class ResponseRows
{
    private const int Retained = 1_000;

    public static StoredResponse Read(NpgsqlDataReader row) =>
        JsonSerializer.Deserialize<StoredResponse>(row.GetString(0), ContractJson.Options)!;

    public static NpgsqlBatchCommand Insert(StoredResponse response) => SqlParameters.Command(
        "insert into responses values ($1, $2, $3, $4)",
        response.Key,
        RunRow.Json(response),
        response.CreatedId,
        response.At.ToUniversalTime());

    /// <summary>Whether a transaction failed because another node stored a response of the same key.</summary>
    public static bool IsTaken(PostgresException error) =>
        error is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "responses" };

    /// <summary>
    /// Deletes responses older than a week, but never the latest thousand: a leap of the clock must not let a submission be repeated.
    /// </summary>
    public static void Prune(SqlQuery query) => query.All(
        "delete from responses where at < now() - interval '7 days' and key not in "
            + $"(select key from responses order by created_id desc limit {Retained})",
        row => row.GetString(0));
}
