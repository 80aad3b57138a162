namespace LoraLab.Training.Torch;

/// <summary>
/// Distributes numbered tasks over the calling thread and threads of the pool without allocating, for kernels that run many times per step.
/// </summary>
internal sealed class ParallelTasks
{
    private readonly List<Helper> _helpers = [];
    private Action<int, int> _work = static (_, _) => { };
    private Exception? _failure;
    private int _tasks;
    private int _next;

    /// <summary>Runs all tasks and returns when they have completed.</summary>
    /// <param name="tasks">Number of tasks.</param>
    /// <param name="threads">Maximum number of threads, including the calling one.</param>
    /// <param name="work">Runs a task; receives the index of the task and of the thread, both from 0.</param>
    public void Run(int tasks, int threads, Action<int, int> work)
    {
        (_work, _tasks, _next, _failure) = (work, tasks, 0, null);
        int helpers = Math.Min(threads, tasks) - 1;
        while (_helpers.Count < helpers)
        {
            _helpers.Add(new(this, _helpers.Count + 1));
        }

        for (int i = 0; i < helpers; i++)
        {
            _helpers[i].Start();
        }

        RunTasks(0);
        for (int i = 0; i < helpers; i++)
        {
            _helpers[i].Join();
        }

        if (_failure is not null)
        {
            throw new InvalidOperationException("A thread of a kernel failed.", _failure);
        }
    }

    private void RunTasks(int worker)
    {
        try
        {
            for (int task = Interlocked.Increment(ref _next) - 1; task < _tasks; task = Interlocked.Increment(ref _next) - 1)
            {
                _work(task, worker);
            }
        }
        catch (Exception error)
        {
            // An exception on a pool thread would terminate the process; it is rethrown on the calling thread.
            _failure = error;
        }
    }

    /// <summary>A work item of the pool; the caller does not wait for one that has not started by the time all tasks are done.</summary>
    private sealed class Helper(ParallelTasks owner, int worker) : IThreadPoolWorkItem
    {
        private const int Idle = 0;
        private const int Armed = 1;
        private const int Running = 2;
        private readonly ManualResetEventSlim _done = new();
        private int _state;
        private int _queued;

        public void Start()
        {
            _done.Reset();
            Volatile.Write(ref _state, Armed);
            // An item that is still queued from an earlier call serves this one.
            if (Interlocked.Exchange(ref _queued, 1) == 0)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }

        public void Join()
        {
            if (Interlocked.CompareExchange(ref _state, Idle, Armed) != Armed)
            {
                _done.Wait();
            }
        }

        void IThreadPoolWorkItem.Execute()
        {
            Volatile.Write(ref _queued, 0);
            if (Interlocked.CompareExchange(ref _state, Running, Armed) == Armed)
            {
                owner.RunTasks(worker);
                _done.Set();
            }
        }
    }
}
