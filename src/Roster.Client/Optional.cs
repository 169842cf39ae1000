using System.Text.Json.Serialization;

namespace Roster.Client;

/// <summary>
/// A member of an item that is absent (the stored value stays), null (the stored value is cleared) or a value. The
/// default is absent. A value and null convert to it implicitly: <c>Email = null</c> clears, and leaving <c>Email</c>
/// alone keeps.
/// </summary>
/// <remarks>
/// In a type of your own, mark such a property with <c>[JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]</c>.
/// Without that, System.Text.Json fails on an absent value, rather than writing null, which would clear data.
/// </remarks>
/// <typeparam name="T">One of <c>string</c>, <c>string[]</c> and <c>Dictionary&lt;string, string?&gt;</c> in JSON.</typeparam>
[JsonConverter(typeof(OptionalConverterFactory))]
public readonly struct Optional<T> : IEquatable<Optional<T>>
    where T : class
{
    private readonly T? _value;

    /// <summary>Present: a value, or null to clear.</summary>
    public Optional(T? value) => (_value, HasValue) = (value, true);

    /// <summary>Whether it is present: a value or null.</summary>
    public bool HasValue { get; }

    /// <summary>Whether it is present and null.</summary>
    public bool IsNull => HasValue && _value is null;

    /// <summary>The value, or null to clear.</summary>
    /// <exception cref="InvalidOperationException">It is absent.</exception>
    public T? Value => HasValue ? _value : throw new InvalidOperationException("The value is absent; look at HasValue first.");

    public static implicit operator Optional<T>(T? value) => new(value);

    public static bool operator ==(Optional<T> left, Optional<T> right) => left.Equals(right);

    public static bool operator !=(Optional<T> left, Optional<T> right) => !left.Equals(right);

    /// <summary>The value; null if it is absent or null.</summary>
    public T? ValueOrDefault() => _value;

    public bool Equals(Optional<T> other) =>
        HasValue == other.HasValue && EqualityComparer<T?>.Default.Equals(_value, other._value);

    public override bool Equals(object? obj) => obj is Optional<T> other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(HasValue, _value);

    /// <summary>The value's text, <c>null</c>, or <c>absent</c>.</summary>
    public override string ToString() => !HasValue ? "absent" : _value?.ToString() ?? "null";
}
