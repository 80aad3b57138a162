using System.Collections.Concurrent;

namespace LoraLab.Tests.Support;

/// <summary>One small run of each method, for the tests of a class that ask different things of it.</summary>
public sealed class MethodRuns : IDisposable
{
    private readonly Lazy<TestTrainer> _trainer = new(() => new TestTrainer());
    private readonly ConcurrentDictionary<string, Lazy<FinishedRun>> _runs = [];

    /// <summary>The engine of the runs.</summary>
    internal TestTrainer Trainer => _trainer.Value;

    /// <summary>The run of <see cref="MicroSpec.For"/>.</summary>
    internal FinishedRun Of(string method) => _runs.GetOrAdd(method, id => new(() => Trainer.Run(MicroSpec.For(id)))).Value;

    public void Dispose()
    {
        if (_trainer.IsValueCreated)
        {
            _trainer.Value.Dispose();
        }
    }
}
