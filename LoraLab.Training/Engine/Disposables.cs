namespace LoraLab.Training.Engine;

/// <summary>Things to dispose together, last first.</summary>
internal sealed class Disposables : IDisposable
{
    private readonly Stack<IDisposable> _items = [];

    public T Add<T>(T item)
        where T : IDisposable
    {
        _items.Push(item);
        return item;
    }

    public void Dispose()
    {
        while (_items.TryPop(out IDisposable? item))
        {
            item.Dispose();
        }
    }
}
