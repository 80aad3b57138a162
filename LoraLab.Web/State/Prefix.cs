using System.Collections;

namespace LoraLab.Web.State;

/// <summary>A view of the first items of an append-only list.</summary>
internal sealed class Prefix<T>(List<T> source, int count) : IReadOnlyList<T>
{
    public int Count { get; } = count;

    public T this[int index] => index < Count ? source[index] : throw new ArgumentOutOfRangeException(nameof(index));

    public IEnumerator<T> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return source[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
