using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Workers;

/// <summary>
/// Brings what an attempt's file has grown by into the store. A store that cannot write (a full disk) is asked again later: the file
/// keeps everything meanwhile, and nothing is taken twice.
/// </summary>
/// <param name="runId">The run.</param>
/// <param name="tail">Its file.</param>
/// <param name="importer">Writes into the store.</param>
/// <param name="logger">The server's log.</param>
/// <param name="log">The attempt's log, where it is still written.</param>
/// <param name="stall">Hears of what the worker told, where it lives.</param>
internal sealed class AttemptImport(string runId, EventTail tail, RunImporter importer, ILogger logger, AttemptLog? log = null, StallDetector? stall = null)
{
    private const int MostTries = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private bool refused;
    private int unreadable;

    /// <summary>How the attempt ended, once that is in the store.</summary>
    public AttemptEnded? Ended => tail.Ended;

    /// <summary>Takes everything that is there; false: the store refused.</summary>
    public bool TryImport()
    {
        try
        {
            EventBatch batch;
            do
            {
                if (Read() is not { } read)
                {
                    return unreadable > MostTries;
                }

                batch = read;
                importer.Import(runId, batch.Events);
                tail.Advance(batch);
                stall?.Observe(batch.Events);
                foreach (string line in batch.Unreadable)
                {
                    log?.Write($"LoraLab: a line of {RunFiles.Events} is not an event: {line}");
                }
            }
            while (batch.More);

            if (stall is { IsStalled: true })
            {
                importer.MarkStalled(runId);
            }

            log?.Publish();
            (refused, bool before) = (false, refused);
            if (before)
            {
                logger.LogInformation("The store takes the events of run {Run} again", runId);
            }

            return true;
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            if (!refused)
            {
                refused = true;
                logger.LogError("The events of run {Run} cannot be stored now ({Reason}); they stay in its file and are taken when the store writes again", runId, error.Message);
            }

            return false;
        }
    }

    /// <summary>Null: the file cannot be read. After some tries that is how it is, and what was read before has to do.</summary>
    private EventBatch? Read()
    {
        try
        {
            EventBatch batch = tail.Read();
            unreadable = 0;
            return batch;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (unreadable++ == 0)
            {
                logger.LogError("The events of run {Run} cannot be read ({Reason})", runId, error.Message);
            }

            return null;
        }
    }

    /// <summary>Takes everything, however long the store refuses; gives up only when the server stops.</summary>
    public async Task ImportAllAsync(TimeProvider time, CancellationToken stopping)
    {
        while (!TryImport())
        {
            await Task.Delay(Pause, time, stopping);
        }
    }
}
