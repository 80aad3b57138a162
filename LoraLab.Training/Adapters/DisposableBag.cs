namespace LoraLab.Training.Adapters;

/// <summary>Objects that are disposed together, once.</summary>
internal sealed class DisposableBag : IDisposable
{
    private readonly List<IDisposable> _items = [];

    public void Add(params ReadOnlySpan<IDisposable?> items)
    {
        foreach (IDisposable? item in items)
        {
            if (item is not null)
            {
                _items.Add(item);
            }
        }
    }

    public void Dispose()
    {
        foreach (IDisposable item in _items)
        {
            item.Dispose();
        }

        _items.Clear();
    }
}
