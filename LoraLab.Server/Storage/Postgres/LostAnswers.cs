using LoraLab.Server.Infrastructure;
using Npgsql;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>Finds out whether a commit whose answer was lost took effect, so that its work is done once.</summary>
internal static class LostAnswers
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether an error says that the connection ended, not what is wrong with a statement.</summary>
    public static bool Is(NpgsqlException error) =>
        error is not PostgresException refused || refused.InvariantSeverity is "FATAL" or "PANIC";

    /// <summary>
    /// Whether the transaction with an id took effect. It inserts the id itself: where the transaction still commits, this waits for it,
    /// and where its commit is still on its way, the id is taken when it arrives.
    /// </summary>
    /// <param name="query">Executes the statement.</param>
    /// <param name="id">Id of the transaction.</param>
    /// <param name="time">The clock.</param>
    /// <param name="lost">How the answer was lost.</param>
    /// <exception cref="UnknownCommitException">The database does not answer.</exception>
    public static bool IsCommitted(SqlQuery query, Guid id, TimeProvider time, NpgsqlException lost)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return query.All(
                    "insert into transactions values ($1, clock_timestamp()) on conflict do nothing returning id",
                    row => row.GetGuid(0),
                    id).Count == 0;
            }
            catch (NpgsqlException)
            {
                if (time.GetElapsedTime(began) > _patience)
                {
                    throw new UnknownCommitException(lost);
                }

                Thread.Sleep(_pause);
            }
        }
    }
}
