using LoraLab.Contracts.Worker;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Storage.RunDirectories;

namespace LoraLab.Server.Workers;

/// <summary>
/// Imports new events of an attempt's file into the store. If the store cannot write (a full disk), the import is retried later: the file
/// keeps everything meanwhile, and nothing is imported twice.
/// </summary>
/// <param name="runId">The run.</param>
/// <param name="tail">The attempt's event file.</param>
/// <param name="importer">Writes into the store.</param>
/// <param name="logger">The server's log.</param>
/// <param name="log">The attempt's log, if it is still being written.</param>
/// <param name="stall">Observes the events of a live worker.</param>
internal sealed class AttemptImport(
    string runId, EventTail tail, RunImporter importer, ILogger logger, AttemptLog? log = null, StallDetector? stall = null)
{
    private const int MostTries = 10;
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    private long _stored;
    private bool _refused;
    private int _unreadable;

    /// <summary>The attempt's last event, once it is in the store.</summary>
    public AttemptEnded? Ended => tail.Ended;

    /// <summary>Imports all available events; false: the store could not write.</summary>
    /// <exception cref="Storage.Leases.LeaseLostException">Another node may continue the run.</exception>
    public bool TryImport()
    {
        try
        {
            EventBatch batch;
            do
            {
                if (Read() is not { } read)
                {
                    return _unreadable > MostTries;
                }

                batch = read;
                importer.Import(runId, batch.Events, _stored);
                tail.Advance(batch);
                _stored = batch.Events.Count > 0 ? batch.Events[^1].Number : _stored;
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
            (_refused, bool before) = (false, _refused);
            if (before)
            {
                logger.LogInformation("The store imports the events of run {Run} again", runId);
            }

            return true;
        }
        catch (StoreWentBackException back)
        {
            logger.LogWarning("{Reason} They are imported from its file again", back.Message);
            tail.Rewind();
            _stored = 0;
            return TryImport();
        }
        catch (Exception error) when (StorageFailure.Is(error))
        {
            if (!_refused)
            {
                _refused = true;
                logger.LogError("Cannot store the events of run {Run} ({Reason}); "
                    + "they stay in its file and are imported once the store can write again", runId, error.Message);
            }

            return false;
        }
    }

    /// <summary>Null: the file cannot be read. After some retries the import ends with the events read before.</summary>
    private EventBatch? Read()
    {
        try
        {
            EventBatch batch = tail.Read();
            _unreadable = 0;
            return batch;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (_unreadable++ == 0)
            {
                logger.LogError("Cannot read the events of run {Run} ({Reason})", runId, error.Message);
            }

            return null;
        }
    }

    /// <summary>Imports all events, retrying as long as the store cannot write; gives up only when the server stops.</summary>
    public async Task ImportAllAsync(TimeProvider time, CancellationToken stopping)
    {
        while (!TryImport())
        {
            await Task.Delay(_pause, time, stopping);
        }
    }
}
