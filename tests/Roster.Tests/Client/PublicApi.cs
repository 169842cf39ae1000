using System.Reflection;
using System.Runtime.CompilerServices;

namespace Roster.Tests.Client;

/// <summary>The public members of an assembly as text, a line each.</summary>
internal static class PublicApi
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>Methods that each record and enumeration has.</summary>
    private static readonly string[] OfAll =
        ["Equals", "GetHashCode", "ToString", "Deconstruct", "<Clone>$", "op_Equality", "op_Inequality"];

    public static string Of(Assembly assembly) => string.Concat(assembly.GetExportedTypes()
        .OrderBy(type => type.FullName, StringComparer.Ordinal)
        .SelectMany(type => Lines(type).Select(line => line + "\n")));

    private static IEnumerable<string> Lines(Type type)
    {
        var kind = type.IsEnum ? "enum" : type.IsValueType ? "struct"
            : type is { IsAbstract: true, IsSealed: true } ? "static class" : "class";
        yield return $"{kind} {Name(type)}";
        if (type.IsEnum)
        {
            foreach (var value in Enum.GetNames(type))
                yield return $"    {value} = {Convert.ToInt64(Enum.Parse(type, value), null)}";
            yield break;
        }
        foreach (var line in type.GetMembers(All).Select(Line).OfType<string>().Order(StringComparer.Ordinal))
            yield return "    " + line;
    }

    private static string? Line(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"new({Parameters(constructor)})",
        PropertyInfo property => $"{Name(property.PropertyType)} {property.Name} {{ {string.Join(' ', Accessors(property))} }}",
        FieldInfo field => $"{(field.IsLiteral ? "const " : "")}{Name(field.FieldType)} {field.Name}",
        MethodInfo { IsSpecialName: true, Name: not "op_Implicit" } => null,
        MethodInfo method when OfAll.Contains(method.Name) => null,
        MethodInfo method => $"{(method.IsStatic ? "static " : "")}{Name(method.ReturnType)} {method.Name}({Parameters(method)})",
        _ => null,
    };

    private static IEnumerable<string> Accessors(PropertyInfo property)
    {
        if (property.GetMethod?.IsPublic == true)
            yield return "get;";
        if (property.SetMethod is { IsPublic: true } set)
            yield return set.ReturnParameter.GetRequiredCustomModifiers().Any(one => one.Name == nameof(IsExternalInit)) ? "init;" : "set;";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? " = …" : "")}"));

    private static string Name(Type type) =>
        type.IsArray ? Name(type.GetElementType()!) + "[]"
        : !type.IsGenericType ? type.Name
        : $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
}
