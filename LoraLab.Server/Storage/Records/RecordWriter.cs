using System.Runtime.ExceptionServices;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// Writes the files beside the database on its own thread, in transaction order, outside the store's lock. Transactions that arrive
/// during a write are batched, each document once. Within a batch, runs precede the studies and sweeps that refer to them, and responses
/// come last, so that no file refers to one that is not written yet.
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

    /// <summary>Adds to the pending batch without waiting; returns a ticket for <see cref="Wait"/>.</summary>
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

    /// <summary>Returns once the writes up to a ticket are in the files, or have failed and will be retried.</summary>
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

    /// <summary>Like <see cref="Wait"/>; throws the error of writing <c>store.json</c> if it does not cover the number.</summary>
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

    /// <summary>Writes the pending batch, and stops the thread.</summary>
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

    /// <summary>Returns the error of writing <c>store.json</c>; failed records are tracked by their writers.</summary>
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

    /// <summary>Limits a bug to one file: waiting callers are released, later files are written, and the thread stays alive.</summary>
    private Exception? Guard<T>(T one, Func<T, Exception?> write)
    {
        try
        {
            return write(one);
        }
        catch (Exception mistake)
        {
            log.LogError(mistake, "Cannot write a file beside the database; the next start writes it");
            return mistake;
        }
    }
}
