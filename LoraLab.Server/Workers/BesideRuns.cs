namespace LoraLab.Server.Workers;

/// <summary>
/// Reports each run that is executed at any time until it is disposed: those that are when it is created, and those that begin meanwhile.
/// </summary>
internal sealed class BesideRuns : IDisposable
{
    private readonly ActiveRuns _active;
    private readonly Action<string> _report;
    private readonly HashSet<string> _reported = [];

    public BesideRuns(ActiveRuns active, Action<string> report)
    {
        (_active, _report) = (active, report);
        _active.Added += Report;
        foreach (string id in active.Ids)
        {
            Report(id);
        }
    }

    public void Dispose() => _active.Added -= Report;

    private void Report(string id)
    {
        lock (_reported)
        {
            if (_reported.Add(id))
            {
                _report(id);
            }
        }
    }
}
