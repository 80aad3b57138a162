using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.Postgres;

/// <summary>
/// A thread that does something with the database again and again until it is disposed. A lost connection ends one turn only: the next one
/// opens it again.
/// </summary>
internal sealed class DatabaseThread : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Thread _thread;

    /// <param name="name">Name of the thread.</param>
    /// <param name="pause">Time between the end of a turn and the next.</param>
    /// <param name="turn">One turn; one that lasts ends when the token is cancelled.</param>
    /// <param name="lost">Called when the database did not answer.</param>
    public DatabaseThread(string name, TimeSpan pause, Action<CancellationToken> turn, Action<Exception>? lost = null)
    {
        _thread = new Thread(() => Loop(pause, turn, lost)) { IsBackground = true, Name = $"PostgreSQL {name}" };
        _thread.Start();
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _thread.Join();
        _stopping.Dispose();
    }

    private void Loop(TimeSpan pause, Action<CancellationToken> turn, Action<Exception>? lost)
    {
        do
        {
            try
            {
                turn(_stopping.Token);
            }
            catch (Exception error) when (StorageFailure.Is(error) || error is InvalidOperationException)
            {
                lost?.Invoke(error);
            }
        }
        while (!_stopping.Token.WaitHandle.WaitOne(pause));
    }
}
