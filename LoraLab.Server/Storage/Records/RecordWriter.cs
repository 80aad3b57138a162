using System.Runtime.ExceptionServices;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// Writes the files beside the database, one after the other in the order of the transactions, outside the store's gate. Transactions that come while it
/// writes are written together, each document once. Within them runs come before the studies and sweeps that name them, and answers last, so that no
/// file names one that was not there before it.
/// </summary>
internal sealed class RecordWriter : IDisposable
{
    private readonly RunRecords runs;
    private readonly ExperimentRecords experiments;
    private readonly StoreStateFile stateFile;
    private readonly ILogger log;
    private readonly object gate = new();
    private readonly Thread thread;
    private RecordBatch pending = new();
    private long enqueued;
    private long written;
    private Exception? refused;
    private bool ending;

    public RecordWriter(RunRecords runs, ExperimentRecords experiments, StoreStateFile stateFile, ILogger log)
    {
        (this.runs, this.experiments, this.stateFile, this.log) = (runs, experiments, stateFile, log);
        thread = new Thread(Work) { IsBackground = true, Name = "records" };
        thread.Start();
    }

    /// <summary>Asks for what is put into the batch; the number of the question, for <see cref="Wait"/>. Waits for nothing itself.</summary>
    public long Enqueue(Action<RecordBatch> add)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(ending, this);
            add(pending);
            Monitor.PulseAll(gate);
            return ++enqueued;
        }
    }

    /// <summary>Returns when what was asked for is in the files, or was refused by the disk and will be tried again.</summary>
    public void Wait(long number)
    {
        lock (gate)
        {
            while (written < number)
            {
                Monitor.Wait(gate);
            }
        }
    }

    /// <summary>As <see cref="Wait"/>; throws what the disk said of the ledger when it does not cover the number.</summary>
    public void WaitForState(long number, long seq)
    {
        Wait(number);
        lock (gate)
        {
            if (!stateFile.Covers(seq) && refused is not null)
            {
                ExceptionDispatchInfo.Throw(refused);
            }
        }
    }

    /// <summary>Writes what was asked for, and ends.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            ending = true;
            Monitor.PulseAll(gate);
        }

        thread.Join();
    }

    private void Work()
    {
        while (Next() is (RecordBatch batch, long upTo))
        {
            Exception? error = Write(batch);
            lock (gate)
            {
                refused = batch.State is null ? refused : error;
                written = upTo;
                Monitor.PulseAll(gate);
            }
        }
    }

    private (RecordBatch Batch, long UpTo)? Next()
    {
        lock (gate)
        {
            while (enqueued == written && !ending)
            {
                Monitor.Wait(gate);
            }

            if (enqueued == written)
            {
                return null;
            }

            RecordBatch batch = pending;
            pending = new RecordBatch();
            return (batch, enqueued);
        }
    }

    /// <summary>What the disk said of the ledger; records that it refused are remembered by those who write them.</summary>
    private Exception? Write(RecordBatch batch)
    {
        Exception? error = batch.State is { } content ? Guard(content, written => stateFile.TryWrite(written)) : null;
        Write(batch.Runs.Values, runs.Save);
        Write(batch.Experiments.Values, experiments.Save);
        Write(batch.Responses.Where(response => !response.ForExperiment), runs.Save);
        Write(batch.Responses.Where(response => response.ForExperiment), experiments.Save);
        return error;
    }

    private void Write<T>(IEnumerable<T> all, Action<T> write)
    {
        foreach (T one in all)
        {
            Guard(one, item =>
            {
                write(item);
                return null;
            });
        }
    }

    /// <summary>A mistake in the program costs the one file: who waits must not wait for ever, what comes behind is written, and who comes later finds a writer.</summary>
    private Exception? Guard<T>(T one, Func<T, Exception?> write)
    {
        try
        {
            return write(one);
        }
        catch (Exception mistake)
        {
            log.LogError(mistake, "A file beside the database could not be written; the next start writes it");
            return mistake;
        }
    }
}
