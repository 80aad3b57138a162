namespace LoraLab.Training.Torch;

/// <summary>
/// Shares numbered tasks among the calling thread and some of the pool's, without garbage: what a kernel needs that runs ten times a step.
/// </summary>
internal sealed class ParallelTasks
{
    private readonly List<Helper> _helpers = [];
    private Action<int, int> _work = static (_, _) => { };
    private Exception? _failure;
    private int _tasks;
    private int _next;

    /// <summary>Runs all tasks; returns when they are done.</summary>
    /// <param name="tasks">How many.</param>
    /// <param name="threads">Threads at most, this one included.</param>
    /// <param name="work">Takes a task's number and its thread's, from 0.</param>
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

        Take(0);
        for (int i = 0; i < helpers; i++)
        {
            _helpers[i].Join();
        }

        if (_failure is not null)
        {
            throw new InvalidOperationException("A kernel's thread failed.", _failure);
        }
    }

    private void Take(int worker)
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
            // A thread of the pool that throws ends the process; the caller's may be told.
            _failure = error;
        }
    }

    /// <summary>A thread of the pool, where one comes in time: whoever finishes alone does not wait for it.</summary>
    private sealed class Helper(ParallelTasks team, int worker) : IThreadPoolWorkItem
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
            // One that the pool has not begun since an earlier call serves this one.
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
                team.Take(worker);
                _done.Set();
            }
        }
    }
}
