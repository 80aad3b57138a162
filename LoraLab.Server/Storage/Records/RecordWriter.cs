using System.Runtime.ExceptionServices;

namespace LoraLab.Server.Storage.Records;

/// <summary>
/// Writes the files beside the database on its own thread, in transaction order, outside the store's lock. Transactions that arrive
/// during a write are batched, each document once. Within a batch, runs precede the studies and sweeps that refer to them, and responses
/// come last, so that no file refers to one that is not written yet.
/// </summary>
internal sealed class RecordWriter : IDisposable
{
    private readonly RunRecords _runs;
    private readonly ExperimentRecords _experiments;
    private readonly StoreStateFile _stateFile;
    private readonly ILogger _log;
    private readonly object _gate = new();
    private readonly Thread _thread;
    private RecordBatch _pending = new();
    private long _enqueued;
    private long _written;
    private Exception? _refused;
    private bool _ending;

    public RecordWriter(RunRecords runs, ExperimentRecords experiments, StoreStateFile stateFile, ILogger log)
    {
        (_runs, _experiments, _stateFile, _log) = (runs, experiments, stateFile, log);
        _thread = new Thread(Work) { IsBackground = true, Name = "records" };
        _thread.Start();
    }

    /// <summary>Adds to the pending batch without waiting; returns a ticket for <see cref="Wait"/>.</summary>
    public long Enqueue(Action<RecordBatch> add)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ending, this);
            add(_pending);
            Monitor.PulseAll(_gate);
            return ++_enqueued;
        }
    }

    /// <summary>Returns once the writes up to a ticket are in the files, or have failed and will be retried.</summary>
    public void Wait(long number)
    {
        lock (_gate)
        {
            while (_written < number)
            {
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>Like <see cref="Wait"/>; throws the error of writing <c>store.json</c> if it does not cover the number.</summary>
    public void WaitForState(long number, long seq)
    {
        Wait(number);
        lock (_gate)
        {
            if (!_stateFile.Covers(seq) && _refused is not null)
            {
                ExceptionDispatchInfo.Throw(_refused);
            }
        }
    }

    /// <summary>Writes the pending batch, and stops the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _ending = true;
            Monitor.PulseAll(_gate);
        }

        _thread.Join();
    }

    private void Work()
    {
        while (Next() is (RecordBatch batch, long upTo))
        {
            Exception? error = Write(batch);
            lock (_gate)
            {
                _refused = batch.State is null ? _refused : error;
                _written = upTo;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private (RecordBatch Batch, long UpTo)? Next()
    {
        lock (_gate)
        {
            while (_enqueued == _written && !_ending)
            {
                Monitor.Wait(_gate);
            }

            if (_enqueued == _written)
            {
                return null;
            }

            RecordBatch batch = _pending;
            _pending = new RecordBatch();
            return (batch, _enqueued);
        }
    }

    /// <summary>Returns the error of writing <c>store.json</c>; failed records are tracked by their writers.</summary>
    private Exception? Write(RecordBatch batch)
    {
        Exception? error = batch.State is { } content ? Guard(content, written => _stateFile.TryWrite(written)) : null;
        Write(batch.Runs.Values, _runs.Save);
        Write(batch.Experiments.Values, _experiments.Save);
        Write(batch.RemovedExperiments, _experiments.Delete);
        Write(batch.Responses.Where(response => !response.ForExperiment), _runs.Save);
        Write(batch.Responses.Where(response => response.ForExperiment), _experiments.Save);
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
            _log.LogError(mistake, "Cannot write a file beside the database; the next start writes it");
            return mistake;
        }
    }
}
